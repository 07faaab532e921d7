"""Clips as batches of frames, and pooling over neighboring frames."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PyTree


def per_frame(
    function: Callable[[Array], PyTree], clips: Float[Array, "batch time *rest"], split: tuple[int, int] = (1, 1)
) -> PyTree:
    """Applies an image function to each frame of a clip; the only function that folds time into the batch.

    `split` is the number of parts that batch and time are divided into, as in `nn.execution.Execution`. The frames of a
    part stay next to each other in the folded batch, so that a device passes its frames to the function as they are.
    """
    batch, time = clips.shape[:2]
    rows, columns = split if split[1] > 1 else (1, 1)  # parts of the batch alone stay together in any case
    parts = clips.reshape(rows, batch // rows, columns, time // columns, *clips.shape[2:])
    outputs = function(parts.swapaxes(1, 2).reshape(batch * time, *clips.shape[2:]))

    def unfold(leaf: Array) -> Array:
        parts = leaf.reshape(rows, columns, batch // rows, time // columns, *leaf.shape[1:])
        return parts.swapaxes(1, 2).reshape(batch, time, *leaf.shape[1:])

    return jax.tree.map(unfold, outputs)


class TemporalPool(nnx.Module):
    """A learned weighted mean over neighboring frames, one set of weights per channel; initially the identity.

    The window is centered on the frame, or ends with it if `causal`; clips are padded with their first and last frames.
    A channel's weights always sum to 1. If their sum were free, it would absorb the gradient: neighboring frames are so
    similar that each tap mostly acts as a gain.
    Ours: the published network pools over space only, and its residual paths carry each frame's noise past the temporal
    factors.
    """

    TIME_AXIS = -2

    def __init__(self, channels: int, frames: int, causal: bool = False):
        self.frames, self.causal = frames, causal
        self.before = frames - 1 if causal else frames // 2
        # Relative to the identity; only their deviations from the mean count.
        self.offsets = nnx.Param(jnp.zeros((frames, channels)))

    @property
    def taps(self) -> Float[Array, "frames channel"]:
        """The weight of each frame in the window."""
        offsets = self.offsets[...]
        return (offsets - offsets.mean(0, keepdims=True)).at[self.before].add(1.0)

    def __call__(self, signal: Float[Array, "*batch time channel"]) -> Float[Array, "*batch time channel"]:
        padding = [(0, 0)] * (signal.ndim - 2) + [(self.before, self.frames - 1 - self.before), (0, 0)]
        return self._average(jnp.pad(signal, padding, mode="edge"))

    def _average(self, padded: Array) -> Array:
        taps = self.taps
        length = padded.shape[-2] - self.frames + 1
        row = (1,) * (padded.ndim - 1) + (-1,)
        return sum(padded[..., tap : tap + length, :] * taps[tap].reshape(row) for tap in range(self.frames))

    def start(self, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> tuple[Array, Array]:
        """The state before the first frame of shape [*batch, channel]: earlier frames, and whether there are any."""
        return jnp.zeros((*shape[:-1], self.before, shape[-1]), dtype), jnp.zeros((), jnp.bool)

    def next(self, past: tuple[Array, Array], signal: Array) -> tuple[tuple[Array, Array], Array]:
        """The state after these frames, and their outputs."""
        frames, started = past
        # At the start of the clip its first frame is repeated, as by the edge padding of the whole clip.
        repeated = jnp.broadcast_to(signal[..., :1, :], frames.shape)
        padded = jnp.concatenate([jnp.where(started, frames, repeated), signal], axis=-2)
        last = padded[..., padded.shape[-2] - self.before :, :]
        return (last, jnp.ones((), jnp.bool)), self._average(padded)
