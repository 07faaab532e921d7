"""Recurrent layers against float64 numpy and PyTorch; whole clips against pieces of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.nn.moving_average import MovingAverage
from affect_jax.nn.recurrent import ConvLSTMOverTime, GRUOverTime

TIME = 7


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def randomize(layer):
    """Numbers in which no offset is 0."""
    for number, leaf in enumerate(
        jax.tree.leaves(nnx.state(layer, nnx.Param), is_leaf=lambda v: isinstance(v, nnx.Variable))
    ):
        leaf[...] = jnp.float32(0.5 * noise(*leaf[...].shape, seed=number))
    return layer


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def numpy_gru(cell, signal):
    kernels = [np.float64(part[...]) for part in (cell.inputs.kernel, cell.recurrent.kernel)]
    offsets = [np.float64(part[...]) for part in (cell.inputs.bias, cell.recurrent.bias)]
    hidden, outputs = np.zeros((len(signal), kernels[1].shape[0])), []
    for frame in range(signal.shape[1]):
        given = np.split(signal[:, frame] @ kernels[0] + offsets[0], 3, -1)
        kept = np.split(hidden @ kernels[1] + offsets[1], 3, -1)
        update = sigmoid(given[1] + kept[1])
        new = np.tanh(given[2] + sigmoid(given[0] + kept[0]) * kept[2])
        hidden = (1 - update) * new + update * hidden
        outputs.append(hidden)
    return np.stack(outputs, 1)


def numpy_conv(maps, kernel):
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
    _, height, width, _ = maps.shape
    return sum(padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3))


def numpy_conv_lstm(cell, maps):
    given, recurrent, offset = (
        np.float64(part[...]) for part in (cell.inputs.kernel, cell.recurrent.kernel, cell.offset)
    )
    hidden = state = np.zeros((*maps[:, 0].shape[:-1], recurrent.shape[2]))
    outputs = []
    for frame in range(maps.shape[1]):
        gates = numpy_conv(maps[:, frame], given) + numpy_conv(hidden, recurrent) + offset
        admit, keep, new, show = np.split(gates, 4, -1)
        state = sigmoid(keep) * state + sigmoid(admit) * np.tanh(new)
        hidden = sigmoid(show) * np.tanh(state)
        outputs.append(hidden)
    return np.stack(outputs, 1)


LAYERS = {
    "gru": (GRUOverTime, numpy_gru, (2, TIME, 4)),
    "convlstm": (ConvLSTMOverTime, numpy_conv_lstm, (2, TIME, 5, 4, 4)),
}


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_equal_float64_numpy(name, causal):
    make, reference, shape = LAYERS[name]
    layer, signal = randomize(make(4, causal, rngs=nnx.Rngs(0))), noise(*shape)
    expected = reference(layer.forward, signal)
    if not causal:
        expected = np.concatenate([expected, reference(layer.backward, signal[:, ::-1])[:, ::-1]], -1)
    expected = signal + expected @ np.float64(layer.output.kernel[...]) + np.float64(layer.output.bias[...])
    np.testing.assert_allclose(
        nnx.jit(lambda layer, signal: layer(signal))(layer, jnp.float32(signal)), expected, atol=1e-5
    )


@pytest.mark.torch
@pytest.mark.parametrize("causal", [True, False])
def test_gru_equals_pytorch_with_the_same_weights(causal):
    torch = pytest.importorskip("torch")
    reference = torch.nn.GRU(4, 4 if causal else 2, batch_first=True, bidirectional=not causal)
    layer = GRUOverTime(4, causal, rngs=nnx.Rngs(0))
    for cell, suffix in ((layer.forward, ""), (layer.backward, "_reverse"))[: 1 if causal else 2]:
        for part, name in ((cell.inputs, "ih"), (cell.recurrent, "hh")):
            part.kernel[...] = jnp.asarray(getattr(reference, f"weight_{name}_l0{suffix}").detach().numpy().T)
            part.bias[...] = jnp.asarray(getattr(reference, f"bias_{name}_l0{suffix}").detach().numpy())
    signal = np.float32(noise(2, TIME, 4))
    np.testing.assert_array_equal(layer(jnp.asarray(signal)), signal)  # it begins without a say
    layer.output.kernel[...] = jnp.eye(4)
    expected = reference(torch.tensor(signal))[0].detach().numpy()
    np.testing.assert_allclose(layer(jnp.asarray(signal)) - signal, expected, atol=1e-6)


def test_the_average_is_emonets_from_zero_or_of_what_exists():
    signal = noise(2, TIME, 2)
    weights = np.array([0.1, 0.1, 0.15, 0.25, 0.4])
    for zero_start in (True, False):
        expected = np.zeros_like(signal)
        for frame in range(TIME):
            known = weights[-(frame + 1) :]
            recent = signal[:, max(frame - 4, 0) : frame + 1]
            expected[:, frame] = np.einsum("k,bkv->bv", known, recent) / (1 if zero_start else known.sum())
        np.testing.assert_allclose(MovingAverage(zero_start=zero_start)(jnp.float32(signal)), expected, atol=1e-6)
    first = MovingAverage(zero_start=True)(jnp.ones((1, 2)))  # the published program begins with 0.4 of the truth
    np.testing.assert_allclose(first, 0.4, rtol=1e-6)
    np.testing.assert_allclose(MovingAverage()(jnp.ones((3, 2))), 1, rtol=1e-6)


STREAMS = {
    "gru": lambda: randomize(GRUOverTime(4, True, rngs=nnx.Rngs(0))),
    "convlstm": lambda: randomize(ConvLSTMOverTime(4, True, rngs=nnx.Rngs(0))),
    "average": MovingAverage,
    "average from zero": lambda: MovingAverage(zero_start=True),
    "present frame alone": lambda: MovingAverage((1.0,)),
}


@pytest.mark.parametrize("name", STREAMS)
def test_pieces_of_any_size_give_what_the_whole_gives_and_the_future_changes_nothing(name):
    layer = STREAMS[name]()
    shape = (2, 3, 3, 4) if name == "convlstm" else (2, 4)
    clip = jnp.float32(noise(shape[0], TIME, *shape[1:]))
    whole = layer(clip)
    for size in (1, 3, TIME):
        state, outputs = layer.start(shape), []
        for first in range(0, TIME, size):
            state, output = layer.next(state, clip[:, first : first + size])
            outputs.append(output)
        np.testing.assert_allclose(jnp.concatenate(outputs, 1), whole, atol=1e-6)
    other = layer(clip.at[:, 4:].set(9.0))
    np.testing.assert_allclose(other[:, :4], whole[:, :4], atol=1e-6)
    assert not np.allclose(other[:, 4:], whole[:, 4:], atol=1e-2)


def test_gradients_reach_every_number_and_first_states_keep_their_length():
    layer = GRUOverTime(6, rngs=nnx.Rngs(0))
    layer.output.kernel[...] = jnp.float32(noise(6, 6))
    signal = jnp.float32(noise(2, TIME, 6))
    grads = nnx.grad(lambda layer: (layer(signal) ** 2).mean())(layer)
    assert all(np.asarray(leaf).any() for leaf in jax.tree.leaves(grads))
    kernel = np.asarray(layer.forward.recurrent.kernel[...]).reshape(3, 3, 3).transpose(1, 0, 2)
    for gate in kernel:
        np.testing.assert_allclose(gate @ gate.T, np.eye(3), atol=1e-5)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="channels is 5; a bidirectional layer halves them"):
        GRUOverTime(5, rngs=nnx.Rngs(0))
    with pytest.raises(
        ValueError, match="looks at later frames, so it cannot run on a stream; build it with causal=True"
    ):
        ConvLSTMOverTime(4, rngs=nnx.Rngs(0)).start((1, 2, 2, 4))
    with pytest.raises(ValueError, match=r"weights are \(1.0, 0.0\); expected none below 0, and the last"):
        MovingAverage((1.0, 0.0))
