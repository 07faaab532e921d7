"""Pooled features of the networks that predict affect: whole, over clips, in a stream, and in bfloat16."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from shaken import shaken

from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.streaming import compile_stream, make_stream
from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.features import affect_layers, with_features
from affect_jax.models.head import HeadConfig
from affect_jax.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.moving_average import MovingAverage
from affect_jax.nn.network import Network

TRUNK = TrunkConfig(32, (4, 4, 8), depth=1, modules=1)
HEAD = HeadConfig(blocks=1, rank=4)
CAUSAL = ClipTimeConfig(causal=True, pool=3)
NETWORKS = {
    "static": (EmoNet, EmoNetConfig(TRUNK, HeadConfig(blocks=1, geometry=True, dropout=0.5))),
    "clip": (ClipNetwork, ClipNetworkConfig(TRUNK, HEAD, ClipTimeConfig(pool=3))),
    "causal": (ClipNetwork, ClipNetworkConfig(TRUNK, HEAD, CAUSAL)),
    "averaged": (
        ClipNetwork,
        ClipNetworkConfig(TRUNK, HEAD, ClipTimeConfig(causal=True, pool=3, output_average="warm")),
    ),
}
FRAMES = 5


@functools.cache
def made(name: str):
    """A network with weights of no initialization, its contract and its images."""
    module, config = NETWORKS[name]
    network = Network(lambda rngs: module(config, rngs=rngs))
    variables = network.variables(shaken(module(config, rngs=nnx.Rngs(0))))
    shape = (2, FRAMES, 32, 32, 3) if config.contract.over_time else (3, 32, 32, 3)
    images = np.random.default_rng(1).uniform(size=shape).astype(np.float32)
    return network, variables, config.contract, images


@functools.cache
def predicted(name: str):
    """Predictions without and with features."""
    network, variables, _, images = made(name)
    return tuple(CompiledNetwork(each)(variables, jnp.asarray(images)) for each in (network, with_features(network)))


@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_off_by_default_and_change_no_other_prediction(name):
    before, after = predicted(name)
    assert "features" not in before
    assert set(after) == {*before, "features"}
    for entry, value in before.items():
        np.testing.assert_allclose(after[entry], value, rtol=0, atol=1e-6 * np.abs(value).max(), err_msg=entry)


@pytest.mark.parametrize("name", NETWORKS)
def test_their_number_is_that_of_the_contract(name):
    _, _, contract, images = made(name)
    features = predicted(name)[1]["features"]
    assert features.shape == (*images.shape[:-3], contract.features)
    assert features.dtype == jnp.float32
    assert features.std(0).max() > 1e-2


@pytest.mark.parametrize("name", ["static", "clip", "causal"])
def test_the_last_two_layers_turn_them_into_valence_and_arousal(name):
    network, variables, _, _ = made(name)
    predictions = predicted(name)[1]
    layers = {key: np.float64(layer) for key, layer in affect_layers(network, variables).items()}
    hidden = np.maximum(np.float64(predictions["features"]) @ layers["hidden_kernel"] + layers["hidden_bias"], 0)
    output = hidden @ layers["output_kernel"] + layers["output_bias"]
    assert np.abs(output).max() > 0.1
    np.testing.assert_allclose(predictions["valence_arousal"], output, rtol=1e-5, atol=1e-5)


def test_they_are_averaged_over_frames_as_the_output_is():
    """So a correction that is linear in them can be added after the average."""
    averaged, plain = predicted("averaged")[1], predicted("causal")[1]  # the same weights
    expected = MovingAverage()(plain["features"])
    assert np.abs(expected - plain["features"]).max() > 1e-3
    close = lambda found, wanted: np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    close(averaged["features"], expected)
    weights = np.random.default_rng(2).normal(size=(expected.shape[-1], 2)).astype(np.float32)
    corrected = MovingAverage()(plain["valence_arousal"] + plain["features"] @ weights)
    close(averaged["valence_arousal"] + averaged["features"] @ weights, corrected)
    assert affect_layers(*made("averaged")[:2]) is None


@pytest.mark.parametrize("name", ["causal", "averaged"])
def test_a_stream_gives_those_of_the_whole_clip(name):
    network, variables, _, images = made(name)
    stream = make_stream(with_features(network).module(variables), len(images), 32)
    past, advance, found = stream.start, compile_stream(stream), []
    for frame in range(FRAMES):
        past, predictions = advance(past, images[:, frame : frame + 1])
        found.append(predictions)
    for entry in ("features", "valence_arousal"):
        joined = np.concatenate([each[entry] for each in found], axis=1)
        expected = predicted(name)[1][entry]
        np.testing.assert_allclose(joined, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["static", "averaged"])
def test_in_bfloat16_they_are_those_of_float32_but_for_rounding(name):
    exact = predicted(name)[1]["features"]
    network, variables, _, images = made(name)
    rounded = CompiledNetwork(with_features(network), "bfloat16")(variables, jnp.asarray(images))["features"]
    assert rounded.dtype == jnp.float32
    np.testing.assert_allclose(rounded, exact, rtol=0, atol=0.05 * np.abs(exact).max())


def test_a_network_without_features_is_refused():
    config = LandmarkNetworkConfig(TRUNK)
    assert config.contract.features == 0
    network = Network(lambda rngs: LandmarkNetwork(config, rngs=rngs))
    with pytest.raises(ValueError, match="LandmarkNetwork offers no pooled features; use a static network, a clip"):
        with_features(network)


def test_their_gradient_reaches_the_trunk():
    """A network with features can be trained: its statistics and dropout are those of training."""
    network, variables, _, images = made("static")
    giving = with_features(network)

    def total(trained):
        changed = type(variables)(trained, variables.frozen, variables.statistics)
        predictions, _ = giving.train(changed, jnp.asarray(images), jax.random.key(0))
        return predictions["features"].sum()

    gradient = jax.jit(jax.grad(total))(variables.trained)
    assert np.abs(np.asarray(gradient["head"]["reduce"]["kernel"][...])).max() > 0
