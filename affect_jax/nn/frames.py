"""Clips as batches of frames, and the average over their frames."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PyTree


def per_frame(function: Callable[[Array], PyTree], clips: Float[Array, "batch time *rest"]) -> PyTree:
    """Applies an image function to each frame of a clip; the one place that folds time into the batch."""
    batch, time = clips.shape[:2]
    outputs = function(clips.reshape(batch * time, *clips.shape[2:]))
    return jax.tree.map(lambda leaf: leaf.reshape(batch, time, *leaf.shape[1:]), outputs)


class TemporalPool(nnx.Module):
    """A weighted mean over neighboring frames, learned for each channel; at first it is the present frame alone.

    A channel's weights always sum to 1. Left free, their sum would take up the gradient: neighboring frames are so
    alike that each tap mostly acts as a gain. A clip's ends are continued by its first and last frame. Centered on the
    frame, or of the past if `causal`. Ours: the published network pools over space only, and its residual paths carry
    every frame's noise past the factors of time.
    """

    TIME_AXIS = -2

    def __init__(self, channels: int, frames: int, causal: bool = False):
        self.frames, self.causal = frames, causal
        self.before = frames - 1 if causal else frames // 2
        self.offsets = nnx.Param(jnp.zeros((frames, channels)))  # from "the present frame alone"; their mean is dropped

    @property
    def taps(self) -> Float[Array, "frames channel"]:
        """The weight of each neighbor."""
        free = self.offsets[...]
        return (free - free.mean(0, keepdims=True)).at[self.before].add(1.0)

    def __call__(self, signal: Float[Array, "*batch time channel"]) -> Float[Array, "*batch time channel"]:
        padding = [(0, 0)] * (signal.ndim - 2) + [(self.before, self.frames - 1 - self.before), (0, 0)]
        return self._averaged(jnp.pad(signal, padding, mode="edge"))

    def _averaged(self, longer: Array) -> Array:
        taps, length = self.taps, longer.shape[-2] - self.frames + 1
        shape = (1,) * (longer.ndim - 1) + (-1,)
        return sum(longer[..., tap : tap + length, :] * taps[tap].reshape(shape) for tap in range(self.frames))

    def start(self, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> tuple[Array, Array]:
        """Room for the frames before the first, of shape [*batch, channel] each, and that there was none yet."""
        return jnp.zeros((*shape[:-1], self.before, shape[-1]), dtype), jnp.zeros((), jnp.bool)

    def next(self, past: tuple[Array, Array], signal: Array) -> tuple[tuple[Array, Array], Array]:
        """The frames that follow `past`, and what is to be kept of them."""
        kept, begun = past
        first = jnp.broadcast_to(signal[..., :1, :], kept.shape)  # continues the clip before its beginning
        longer = jnp.concatenate([jnp.where(begun, kept, first), signal], axis=-2)
        rest = longer[..., longer.shape[-2] - self.before :, :]
        return (rest, jnp.ones((), jnp.bool)), self._averaged(longer)
