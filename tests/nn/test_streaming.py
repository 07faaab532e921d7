import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from shaken import shaken

from affect_jax.experiment.config.typed import typed
from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.execution import Execution
from affect_jax.nn.prepare import prepare
from affect_jax.nn.streaming import as_stream, scan_clips, state_from_arrays, state_to_arrays

SIZES = ClipNetworkConfig(
    TrunkConfig(input_px=32, widths=(4, 4, 8), depth=1, modules=1),
    HeadConfig(blocks=1, rank=4),
    ClipTimeConfig(causal=True),
    emotions=3,
)
FRAMES = 18
HEADS = {
    "tucker": {"head": {"form": "tucker"}, "time": {"pool": 1}},
    "tt, averaged": {"head": {"form": "tt"}, "time": {"pool": 4}},
    "dense": {"time": {"form": "dense"}},
    "experts": {"experts": {"count": 3, "hidden": 4, "top_k": 2}, "time": {"pool": 4}},
    "2plus1, gru": {"time": {"form": "2plus1", "pool": 1, "recurrent": "gru"}},
    "conv_lstm": {"time": {"layers": (), "recurrent": "conv_lstm"}},
}
WHOLE = {
    "factorized": {"time": {"pool": 4, "output_average": "warm"}},
    "channelwise everywhere": {
        "time": {"form": "channelwise", "layers": ("all",), "output_average": "zero_start"},
    },
    "flat average": {"time": {"layers": (), "pool": 1, "output_average": "flat", "output_frames": 4}},
}


def trained(options) -> ClipNetwork:
    """A network whose numbers are those of no initialization."""
    return shaken(ClipNetwork(typed(SIZES, options, "model"), rngs=nnx.Rngs(0)))


def images(seed: int) -> jax.Array:
    return jnp.float32(np.random.default_rng(seed).uniform(size=(2, FRAMES, 32, 32, 3)))


def whole(network: nnx.Module, clip: jax.Array) -> np.ndarray:
    graphdef, state = nnx.split(network)
    return joined([jax.jit(lambda state, clip: nnx.merge(graphdef, state)(clip))(state, clip)])


def joined(predictions: list) -> np.ndarray:
    """Everything that was said, chunk after chunk."""
    return np.concatenate([np.concatenate(jax.tree.leaves(each), axis=-1) for each in predictions], axis=1)


def in_chunks(stream, step, clip, size) -> np.ndarray:
    past, found = stream.start, []
    for start in range(0, FRAMES, size):
        past, predictions = step(stream.weights, past, clip[:, start : start + size])
        found.append(predictions)
    return joined(found)


def assert_streams(network: nnx.Module, clip: jax.Array, sizes) -> None:
    expected = whole(network, clip)
    assert np.std(expected, axis=1).max() > 1e-2
    stream = as_stream(network, jax.ShapeDtypeStruct((2, 1, *clip.shape[2:]), jnp.float32))
    step, close = jax.jit(stream.next), {"rtol": 0, "atol": 1e-5 * max(1, np.abs(expected).max())}
    for size in sizes:
        np.testing.assert_allclose(in_chunks(stream, step, clip, size), expected, **close, err_msg=f"chunks of {size}")
    found = jax.jit(lambda numbers, past, clip: scan_clips(stream, numbers, past, clip)[1])
    np.testing.assert_allclose(joined([found(stream.weights, stream.start, clip)]), expected, **close)
    assert 0 < stream.state_bytes < 2**20


@pytest.mark.parametrize("case", HEADS)
def test_a_head_says_in_chunks_what_it_says_of_the_whole(case):
    maps = jnp.float32(np.random.default_rng(1).normal(size=(2, FRAMES, 8, 8, 16)))
    assert_streams(trained(HEADS[case]).head, maps, (1, 17))


@pytest.mark.parametrize("case", WHOLE)
def test_chunks_of_any_length_say_what_the_whole_clip_says(case):
    network = trained(WHOLE[case])
    network.set_attributes(execution=Execution(at_once=1))  # as for large maps, where parts of a batch go one by one
    assert_streams(network, images(1), (1, 3, 17, FRAMES) if case == "factorized" else (7,))


def test_frames_to_come_change_nothing_that_was_said():
    network = trained(WHOLE["factorized"])
    clip = images(1)
    changed = clip.at[:, 10:].set(images(2)[:, 10:])
    before, after = whole(network, clip), whole(network, changed)
    np.testing.assert_array_equal(before[:, :10], after[:, :10])
    assert np.abs(before[:, 10:] - after[:, 10:]).max() > 1e-3


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_stream_can_be_put_away_and_taken_up_again(tmp_path, precision):
    network, clip = trained(WHOLE["factorized"]), images(3).astype(precision)
    shape = jax.ShapeDtypeStruct((2, 1, 32, 32, 3), jnp.float32)
    prepare(network, shape, clip.dtype)
    stream = as_stream(network, jax.ShapeDtypeStruct(shape.shape, clip.dtype))
    step = jax.jit(stream.next)
    past, _ = step(stream.weights, stream.start, clip[:, :7])
    assert precision in {str(leaf.dtype) for leaf in jax.tree.leaves(past)}
    np.savez(tmp_path / "past.npz", **state_to_arrays(past))
    with np.load(tmp_path / "past.npz") as file:
        arrays = dict(file)
    again = state_from_arrays(stream, arrays)
    jax.tree.map(np.testing.assert_array_equal, again, past)
    assert [leaf.dtype for leaf in jax.tree.leaves(again)] == [leaf.dtype for leaf in jax.tree.leaves(past)]
    _, expected = step(stream.weights, past, clip[:, 7:8])
    _, found = step(stream.weights, again, clip[:, 7:8])
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    name = sorted(arrays)[0]
    with pytest.raises(ValueError, match=r"in the saved state.+another network or for another number of faces"):
        state_from_arrays(stream, {**arrays, name: arrays[name][:1]})
    with pytest.raises(ValueError, match="but the saved state is"):
        state_from_arrays(stream, {key: value for key, value in arrays.items() if key != name})


def test_a_network_made_ready_for_prediction_streams_too():
    network, clip = trained(WHOLE["factorized"]), images(4)
    shape = jax.ShapeDtypeStruct((2, 1, 32, 32, 3), jnp.float32)
    plain = as_stream(network, shape)
    expected = in_chunks(plain, jax.jit(plain.next), clip, 6)
    prepare(network, shape, jnp.float32)
    stream = as_stream(network, shape)
    found = in_chunks(stream, jax.jit(stream.next), clip, 6)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * max(1, np.abs(expected).max()))


def test_a_network_that_looks_ahead_cannot_be_streamed():
    network = ClipNetwork(typed(SIZES, {"time": {"causal": False}}, "model"), rngs=nnx.Rngs(0))
    network.eval()
    with pytest.raises(ValueError, match=r"'head/.+' looks at future frames.+inflate with --causal"):
        as_stream(network, jax.ShapeDtypeStruct((1, 1, 32, 32, 3), jnp.float32))
