"""The choice of a method: by an injected clock, never by the real one."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.infer import tuning
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.nn.execution import ConvShape, Execution
from affect_jax.nn.network import Network

TRUNK = TrunkConfig(input_px=64, widths=(4, 8, 16), modules=1, depth=1)
SMALL = EmoNetConfig(TRUNK, HeadConfig(blocks=1, dropout=0.5), emotions=5)
SHAPE = ConvShape(False, 32, 32, 64, 64)


def build(rngs):
    return EmoNet(SMALL, rngs=rngs)


def test_each_shape_is_measured_once_and_then_read_from_the_first_file_that_knows_it(tmp_path):
    asked = []

    def clock(shape, batch):
        asked.append((shape, batch))
        return 1.0, 0.5

    here, home = tmp_path / "run" / "execution.json", tmp_path / "cache" / "execution.json"
    assert tuning.ConvTuner([home], clock)(SHAPE, 2)
    assert asked == [(SHAPE, 2)]

    def slow(shape, batch):
        raise AssertionError("measured again")

    assert tuning.ConvTuner([here, home], slow)(SHAPE, 2)  # and the run has its own copy now
    assert json.loads(here.read_text()) == json.loads(home.read_text())
    (times,) = json.loads(home.read_text())[tuning.machine()].values()
    assert times == {"direct_ms": 1000.0, "winograd_ms": 500.0}
    home.unlink()
    assert tuning.ConvTuner([home], lambda *_: (1.0, 2.0))(SHAPE, 2) is False  # the cache was lost, and now differs
    assert tuning.ConvTuner([here, home], slow)(SHAPE, 2)  # but the run goes on as it began
    assert tuning.ConvTuner([home], clock)(SHAPE._replace(training=True), 2)  # another shape is another question


def test_times_that_hardly_differ_choose_the_direct_method(tmp_path):
    assert not tuning.ConvTuner([tmp_path / "a.json"], lambda *_: (1.0, 0.95))(SHAPE, 1)


def test_a_damaged_file_is_written_again(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("{half")
    assert tuning.ConvTuner([file], lambda *_: (1.0, 0.5))(SHAPE, 1)
    assert json.loads(file.read_text())[tuning.machine()]


def test_only_large_convolutions_of_the_network_are_asked_about(monkeypatch):
    monkeypatch.setattr(tuning, "SMALLEST_WORK", 0)
    images = jax.ShapeDtypeStruct((6, 64, 64, 3), jnp.float32)
    asked = []
    faster = lambda shape, batch: asked.append((shape, batch)) or shape.training
    plan = tuning.plan_execution(Network(build, "trunk/.*"), images, True, 2**18, Execution(), faster)
    assert plan.at_once == 4  # 2**20 numbers fit
    # The frozen trunk sees no gradient; maps are 32 px after the stem and 16 px after it; smaller ones do not count.
    trunk = {(32, 4, 4), (32, 4, 2), (32, 2, 2), (16, 8, 4), (16, 4, 2), (16, 2, 2), (16, 8, 8), (16, 8, 4), (16, 4, 4)}
    head = {(16, 16, 8), (16, 8, 4), (16, 4, 4)}
    expected = {(ConvShape(False, px, px, a, b), 4) for px, a, b in trunk | head}
    expected |= {(ConvShape(True, px, px, a, b), 6) for px, a, b in head}
    assert set(asked) == expected
    assert plan.winograd == {ConvShape(True, px, px, a, b) for px, a, b in head}


def test_a_named_method_is_not_measured():
    images = jax.ShapeDtypeStruct((6, 64, 64, 3), jnp.float32)
    plan = tuning.plan_execution(Network(build), images, False, 2**21, Execution(winograd=None), None)
    assert plan == Execution(winograd=None, at_once=1)


def test_the_clock_measures_both_methods():
    times = tuning.time_convolution(ConvShape(True, 16, 16, 4, 4), 2)
    assert len(times) == 2 and min(times) > 0


@pytest.mark.slow
def test_prediction_follows_the_numbers_it_is_given():
    network = Network(lambda rngs: tuning.set_execution(build(rngs), Execution(winograd=None, at_once=1)))
    images = jnp.float32(np.random.default_rng(0).uniform(size=(2, 64, 64, 3)))
    ready, predict = CompiledNetwork(network), jax.jit(network.predict)
    one = network.variables(build(nnx.Rngs(0)))
    other = jax.tree.map(lambda leaf: 0.9 * leaf, one)
    for variables in (one, one, other, one):
        expected, found = predict(variables, images), ready(variables, images)
        assert found["landmarks"].dtype == jnp.float32
        for wanted, leaf in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
            np.testing.assert_allclose(leaf, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    half = CompiledNetwork(network, "bfloat16")(one, images)
    assert half["valence_arousal"].dtype == jnp.float32
    expected = predict(one, images)["emotion"]
    np.testing.assert_allclose(half["emotion"], expected, rtol=0, atol=0.05 * np.abs(expected).max())


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="precision is 'half'; choose one of float32, bfloat16"):
        CompiledNetwork(Network(build), "half")
