"""Recurrent layers along time: GRU and ConvLSTM.

The `OverTime` layers map [*batch, time, ...] to the same shape: the signal plus a learned residual, initially zero.
Causal layers can also be run in chunks: `start(shape)` returns the state before the first frame, for frames of that
shape (batch axes included), and `next(state, frames)` the state after any number of frames and their outputs. Chunks
of any size give the same outputs as the whole.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from affect_jax.nn.conv import Conv3x3

HiddenAndCell = tuple[Float[Array, "*batch height width channel"], Float[Array, "*batch height width channel"]]


class GRU(nnx.Module):
    """Gated recurrent unit, forward in time. The state [*batch, channel] is also the output.

    Has both biases of PyTorch's layer, and its order of gates: reset, update, new.
    Source: Cho et al., EMNLP 2014, with the reset gate applied after the matrix product, as in cuDNN.
    """

    TIME_AXIS = -2

    def __init__(self, inputs: int, channels: int, *, rngs: nnx.Rngs):
        self.channels = channels
        self.inputs = nnx.Linear(inputs, 3 * channels, rngs=rngs)
        self.recurrent = nnx.Linear(channels, 3 * channels, kernel_init=_orthogonal_gates, rngs=rngs)

    def start(self, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> Float[Array, "*batch channel"]:
        """The state before the first frame; `shape` is that of one frame, [*batch, input]."""
        return jnp.zeros((*shape[:-1], self.channels), dtype)

    def next(
        self, state: Float[Array, "*batch channel"], signal: Float[Array, "*batch time input"]
    ) -> tuple[Float[Array, "*batch channel"], Float[Array, "*batch time channel"]]:
        """The state after these frames, and the outputs."""

        def step(hidden, projected):
            from_input, from_hidden = jnp.split(projected, 3, axis=-1), jnp.split(self.recurrent(hidden), 3, axis=-1)
            reset, update = (jax.nn.sigmoid(from_input[gate] + from_hidden[gate]) for gate in (0, 1))
            new = jnp.tanh(from_input[2] + reset * from_hidden[2])
            hidden = (1 - update) * new + update * hidden
            return hidden, hidden

        return _scan(step, state, self.inputs(signal), axis=self.TIME_AXIS)


class ConvLSTM(nnx.Module):
    """LSTM with 3x3 convolutions in place of matrix products, forward in time; no peepholes.

    The state is the pair of hidden and cell maps. Gates: input, forget, new, output; the bias of the forget gate starts
    at 1 (ours).
    Source: Shi et al., Convolutional LSTM network, NeurIPS 2015, eq. 3.
    """

    TIME_AXIS = -4

    def __init__(self, inputs: int, channels: int, *, rngs: nnx.Rngs):
        self.channels = channels
        self.inputs = Conv3x3(inputs, 4 * channels, rngs=rngs)
        self.recurrent = Conv3x3(channels, 4 * channels, rngs=rngs)
        self.offset = nnx.Param(jnp.zeros(4 * channels).at[channels : 2 * channels].set(1.0))

    def start(self, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> HiddenAndCell:
        """The state before the first frame; `shape` is that of one frame, [*batch, height, width, input]."""
        zeros = lambda: jnp.zeros((*shape[:-1], self.channels), dtype)
        return zeros(), zeros()

    def next(
        self, state: HiddenAndCell, maps: Float[Array, "*batch time height width input"]
    ) -> tuple[HiddenAndCell, Float[Array, "*batch time height width channel"]]:
        """The state after these frames, and the outputs."""

        def step(state, from_input):
            hidden, cell = state
            write, keep, new, read = jnp.split(from_input + self.recurrent(hidden), 4, axis=-1)
            cell = jax.nn.sigmoid(keep) * cell + jax.nn.sigmoid(write) * jnp.tanh(new)
            hidden = jax.nn.sigmoid(read) * jnp.tanh(cell)
            return (hidden, cell), hidden

        projected = self.inputs(maps)
        return _scan(step, state, projected + jnp.broadcast_to(self.offset[...], projected.shape), axis=self.TIME_AXIS)


class OverTime(nnx.Module):
    """The signal plus a linear projection of a recurrent layer; bidirectional at half the width unless causal.

    The projection starts at zero, so that adding the layer to a trained network does not change its outputs. This is
    ours: a recurrent layer without the residual path lost what the static network had learned
    (docs/decisions/inflation.md).
    """

    CELL = GRU

    def __init__(self, channels: int, causal: bool = False, *, rngs: nnx.Rngs):
        if not causal and channels % 2:
            raise ValueError(f"channels is {channels}; a bidirectional layer halves them: use an even number")
        self.forward = self.CELL(channels, channels if causal else channels // 2, rngs=rngs)
        self.backward = None if causal else self.CELL(channels, channels // 2, rngs=rngs)
        self.output = nnx.Linear(channels, channels, kernel_init=nnx.initializers.zeros, rngs=rngs)

    @property
    def causal(self) -> bool:
        """Whether the layer runs forward in time only."""
        return self.backward is None

    def __call__(self, signal: Float[Array, "..."]) -> Float[Array, "..."]:
        axis, shape = self.CELL.TIME_AXIS, list(signal.shape)
        del shape[axis]
        _, outputs = self.forward.next(self.forward.start(shape, signal.dtype), signal)
        if self.backward is not None:
            _, back = self.backward.next(self.backward.start(shape, signal.dtype), jnp.flip(signal, axis))
            outputs = jnp.concatenate([outputs, jnp.flip(back, axis)], axis=-1)
        return signal + self.output(outputs)

    def start(self, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> PyTree:
        """The state before the first frame; ValueError if the layer is not causal."""
        return self._causal().start(shape, dtype)

    def next(self, state: PyTree, signal: Float[Array, "..."]) -> tuple[PyTree, Float[Array, "..."]]:
        """The state after these frames, and the outputs; ValueError if the layer is not causal."""
        state, outputs = self._causal().next(state, signal)
        return state, signal + self.output(outputs)

    def _causal(self) -> nnx.Module:
        if self.backward is not None:
            raise ValueError(
                "this layer looks at later frames, so it cannot run on a stream; build it with causal=True"
            )
        return self.forward


class GRUOverTime(OverTime):
    """A residual GRU along time for features [*batch, time, channel]; bidirectional unless causal."""

    TIME_AXIS = GRU.TIME_AXIS


class ConvLSTMOverTime(OverTime):
    """A residual ConvLSTM along time for maps [*batch, time, height, width, channel]; bidirectional unless causal."""

    CELL, TIME_AXIS = ConvLSTM, ConvLSTM.TIME_AXIS


def _scan(step: Callable, state: PyTree, inputs: Array, axis: int) -> tuple[PyTree, Array]:
    """Scans along an axis; returns the last state and the outputs, stacked along the same axis."""
    state, outputs = jax.lax.scan(step, state, jnp.moveaxis(inputs, axis, 0))
    return state, jnp.moveaxis(outputs, 0, axis)


def _orthogonal_gates(key: PRNGKeyArray, shape: Sequence[int], dtype: DTypeLike, **_) -> Array:
    """Draws one orthogonal matrix per gate, so that hidden states initially neither vanish nor explode."""
    channels = shape[0]
    draw = nnx.initializers.orthogonal()
    gates = [draw(gate_key, (channels, channels), dtype) for gate_key in jax.random.split(key, shape[1] // channels)]
    return jnp.concatenate(gates, axis=1)
