"""The clip network with heads of intensity: the same features, linear heads on them, streams, names to copy."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from shaken import shaken

from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.streaming import compile_stream, make_stream
from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.features import affect_layers, with_features
from affect_jax.models.head import HeadConfig
from affect_jax.models.intensity_clip import IntensityClip, IntensityClipConfig
from affect_jax.models.parts import contains, join_path
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.network import Network

SECTIONS = (
    TrunkConfig(32, (4, 4, 8), depth=1, modules=1),
    HeadConfig(blocks=1, rank=4, dropout=0.5),
    ClipTimeConfig(causal=True, pool=3, output_average="warm"),
)
CONFIG = IntensityClipConfig(*SECTIONS, emotions_rated=("sad", "happy"), form="ordinal")
FRAMES = 5


@functools.cache
def made():
    """The network with weights of no initialization, its clips and its predictions with features."""
    network = with_features(Network(lambda rngs: IntensityClip(CONFIG, rngs=rngs)))
    variables = network.variables(shaken(IntensityClip(CONFIG, rngs=nnx.Rngs(0))))
    clips = np.random.default_rng(1).uniform(size=(2, FRAMES, 32, 32, 3)).astype(np.float32)
    return network, variables, clips, CompiledNetwork(network)(variables, jnp.asarray(clips))


def test_each_emotion_is_a_linear_function_of_the_features_of_its_frame():
    network, variables, _, predictions = made()
    assert set(predictions) == {"intensity_sad", "intensity_happy", "features"}
    features = np.float64(predictions["features"])
    assert features.shape == (2, FRAMES, CONFIG.contract.features)
    layers = affect_layers(network, variables)
    expected = features @ np.float64(layers["output_kernel"]) + np.float64(layers["output_bias"])
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(predictions["intensity_sad"], expected[..., :10], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(predictions["intensity_happy"], expected[..., 10:], rtol=1e-4, atol=1e-5)


def test_the_features_are_those_of_a_clip_network_with_the_same_weights():
    network, variables, clips, predictions = made()
    ours = network.module(variables)
    theirs = ClipNetwork(ClipNetworkConfig(*SECTIONS), rngs=nnx.Rngs(3))
    of_theirs = dict(nnx.to_flat_state(nnx.state(theirs)))
    shared = {path: leaf for path, leaf in nnx.to_flat_state(nnx.state(ours)) if path in of_theirs}
    lost = {join_path(path) for path in of_theirs if path not in shared}
    outputs = ClipNetworkConfig().contract.outputs
    assert lost == {name for name in map(join_path, of_theirs) if any(contains(part, name) for part in outputs)}
    own = {path for path, _ in nnx.to_flat_state(nnx.state(ours)) if path not in shared}
    assert {path[0] for path in own} == set(CONFIG.contract.outputs)
    nnx.update(theirs, nnx.from_flat_state(list(shared.items())))
    other = with_features(Network(lambda rngs: ClipNetwork(ClipNetworkConfig(*SECTIONS), rngs=rngs)))
    found = CompiledNetwork(other)(other.variables(theirs), jnp.asarray(clips))["features"]
    np.testing.assert_allclose(predictions["features"], found, rtol=1e-4, atol=1e-5)


def test_a_causal_network_gives_in_a_stream_what_it_gives_of_the_clip():
    network, variables, clips, predictions = made()
    assert CONFIG.contract.causal and not CONFIG.contract.newest
    stream = make_stream(network.module(variables), len(clips), 32)
    past, advance, found = stream.start, compile_stream(stream), []
    for frame in range(FRAMES):
        past, step = advance(past, clips[:, frame : frame + 1])
        found.append(step)
    for name, expected in predictions.items():
        joined = np.concatenate([each[name] for each in found], axis=1)
        np.testing.assert_allclose(joined, expected, rtol=0, atol=1e-5 * np.abs(expected).max(), err_msg=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emotions_rated": ("joy",)}, "emotions_rated has 'joy'; choose among happy, sad"),
        ({"form": "class"}, "form is 'class'; choose one of classes, ordinal, regression"),
        ({"head": HeadConfig(blocks=7)}, "head.blocks is 7; each halves the map"),
        ({"execution": "fast"}, "execution is 'fast'"),
    ],
)
def test_wrong_sizes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        IntensityClipConfig(**change)
