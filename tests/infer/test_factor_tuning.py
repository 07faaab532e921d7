"""The choice between executions of factorized convolutions: by an injected clock, never by the real one."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.infer import tuning
from affect_jax.infer.factor_tuning import FactorTuner, _run, available_executions, time_executions, timing_key
from affect_jax.infer.measured import Choices
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.nn.execution import DIRECT, Execution, Survey
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.network import Network

TRUNK = TrunkConfig(input_px=64, widths=(4, 8, 16), modules=1, depth=1)
SMALL = EmoNetConfig(TRUNK, HeadConfig(blocks=1, rank=2), emotions=5)


def seen(layer: FactorizedConv, shape: tuple[int, ...]):
    layer.execution = found = Survey()
    jax.eval_shape(layer, jax.ShapeDtypeStruct(shape, jnp.float32))
    layer.execution = DIRECT
    (only,) = found.factorized
    return only


def test_the_first_way_stays_unless_another_is_clearly_faster_whatever_the_order_in_the_file(tmp_path):
    choices, ways = Choices([tmp_path / "a.json"]), ("factors", "depthwise", "reconstructed")
    clock = lambda *seconds: lambda: dict(zip(ways, seconds, strict=True))
    assert choices.fastest("one", ways, clock(1.0, 0.95, 0.92)) == "factors"
    assert choices.fastest("two", ways, clock(1.0, 0.85, 0.80)) == "reconstructed"

    (tmp_path / "file").write_text("in the way of a folder")
    elsewhere = Choices([tmp_path / "file" / "a.json"])
    assert elsewhere.fastest("two", ways, clock(1.0, 0.85, 0.80)) == "reconstructed"  # not kept, but answered

    def measured_again():
        raise AssertionError("measured again")

    again = Choices([tmp_path / "a.json"])
    assert again.fastest("one", ways, measured_again) == "factors"
    assert again.fastest("two", ways, measured_again) == "reconstructed"
    assert again.fastest("two", ways[:2], measured_again) == "depthwise"  # of those that are available
    assert again.fastest("two", (*ways, "new"), lambda: dict.fromkeys((*ways, "new"), 1.0)) == "factors"


def test_each_convolution_of_a_network_is_asked_about_as_it_is_computed(monkeypatch):
    smallest = 2 * 4 * 16 * 16 * 2 * (3 + 3 + 4 + 4 + 1)  # four maps, rank 2
    monkeypatch.setattr(tuning, "SMALLEST_WORK", smallest)
    images, asked = jax.ShapeDtypeStruct((6, 64, 64, 3), jnp.float32), []
    fastest = lambda shape: asked.append(shape) or ("depthwise" if shape.training else "reconstructed")
    network = Network(lambda rngs: EmoNet(SMALL, rngs=rngs), "trunk/.*")
    plan = tuning.plan_execution(network, images, True, 2**18, Execution(), None, fastest)
    # The head's three convolutions see 16 px; evaluation goes in parts of four images.
    sizes = {(16, 8), (8, 4), (4, 4)}
    expected = {(True, 6, (16, 16, a), b) for a, b in sizes} | {(False, 4, (16, 16, a), b) for a, b in sizes}
    assert {(s.training, s.batch, s.signal, dict(s.arrays)["outputs"][0]) for s in asked} == expected
    assert len(plan.factorized) == 6 and not plan.winograd
    for shape in asked:
        assert plan.factor_execution(shape._replace(batch=9)) == ("depthwise" if shape.training else "reconstructed")
    monkeypatch.setattr(tuning, "SMALLEST_WORK", 1.5 * smallest + 1)
    asked.clear()
    tuning.plan_execution(network, images, True, 2**18, Execution(), None, fastest)
    assert len(asked) == 3  # in evaluation the largest alone, in training all but the smallest


@pytest.mark.parametrize("options", [{}, {"form": "tucker", "stride": {"height": 2}}, {"causal": True, "rank": 3}])
def test_a_layer_is_computed_as_its_network_says_unless_it_was_told_itself(options):
    layer = FactorizedConv(3, 4, taps={"time": 3, "height": 3}, **{"rank": 2} | options, rngs=nnx.Rngs(0))
    signal = jnp.float32(np.random.default_rng(1).normal(size=(2, 5, 6, 3)))
    shape, expected = seen(layer, signal.shape), layer(signal)
    assert (shape.batch, shape.signal) == (2, (5, 6, 3))
    for way in available_executions(shape):
        layer.execution = Execution(factorized=((shape._replace(batch=0), way),))
        assert layer.execution.factor_execution(shape) == way
        np.testing.assert_allclose(layer(signal), expected, atol=1e-5)
    convolved = "conv_general_dilated" in str(jax.make_jaxpr(lambda signal: layer(signal))(signal))
    assert convolved  # by the dense kernel now, the last that is supported
    layer.own_execution = "factors"
    if layer.form == "cp":
        assert "conv_general_dilated" not in str(jax.make_jaxpr(lambda signal: layer(signal))(signal))


def test_what_stands_between_the_factors_leaves_the_dense_kernel_out():
    layer = FactorizedConv(3, 4, taps={"height": 3}, rank=2, between="norm_relu", rngs=nnx.Rngs(0))
    layer.eval()
    assert available_executions(seen(layer, (2, 5, 3))) == ("factors", "depthwise")


@pytest.mark.parametrize("padding", [(1, 1), {"height": (2, 0)}, {"height": "valid"}, "valid", "same"])
def test_a_layer_of_any_padding_can_be_timed(padding):
    layer = FactorizedConv(3, 4, taps={"height": 3}, rank=2, padding=padding, stride={"height": 2}, rngs=nnx.Rngs(0))
    layer.eval()
    shape = seen(layer, (2, 5, 3))
    signal = jnp.float32(np.random.default_rng(2).normal(size=(2, 5, 3)))
    for way in available_executions(shape):
        np.testing.assert_allclose(_run(signal, layer.arrays(), shape=shape, execution=way), layer(signal), atol=1e-5)
    assert set(time_executions(shape, available_executions(shape))) == set(available_executions(shape))


def test_every_way_is_timed_and_kept_under_a_name_that_can_be_read(tmp_path):
    layer = FactorizedConv(3, 4, taps={"height": 3}, rank=2, rngs=nnx.Rngs(0))
    shape = seen(layer, (2, 5, 3))
    assert FactorTuner([tmp_path / "a.json"], time_executions)(shape) in available_executions(shape)
    ((name, times),) = json.loads((tmp_path / "a.json").read_text())[tuning.machine()].items()
    assert name == timing_key(shape)
    assert name.startswith("cp training 2x5x3, height 3x2 inputs 3x2 outputs 4x2 scale 2, causal False")
    assert set(times) == {"factors_ms", "depthwise_ms", "reconstructed_ms"} and min(times.values()) > 0
