"""Spatio-temporal layers other than a single factorized kernel."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from affect_jax.nn.conv import Conv3x3, batch_norm
from affect_jax.ops.depthwise import depthwise

TIME_AXIS = -4  # of maps [.., time, height, width, channel]


class ChannelTime(nnx.Module):
    """A temporal filter per input channel, then a spatial layer: the kernel is time[t, i] * space[h, w, i, o].

    The temporal filter starts as the identity. Clips are zero-padded.
    """

    TIME_AXIS = TIME_AXIS

    def __init__(self, space: nnx.Module, frames: int, causal: bool = False):
        self.frames, self.causal = frames, causal
        self.before, self.after = neighbors(frames, causal)
        self.time = nnx.Param(jnp.zeros((frames, space.inputs)).at[self.before].set(1.0))
        self.space = space

    def __call__(
        self, maps: Float[Array, "*batch time height width input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*batch time height width output"]:
        return self.space(self._filter_time(maps, self.before, self.after), rngs=rngs)

    def _filter_time(self, maps: Array, before: int, after: int) -> Array:
        return depthwise(maps, self.time[...], maps.ndim + TIME_AXIS, before=before, after=after)

    def start(
        self, shape: Sequence[int], dtype: DTypeLike = jnp.float32
    ) -> Float[Array, "*batch early height width i"]:
        """The past before the first frame, zeros, for frames of shape [*batch, height, width, input]."""
        return zero_frames(shape, self.before, dtype)

    def next(self, past: Array, maps: Array) -> tuple[Array, Array]:
        """The new past and the outputs of these frames."""
        past, frames = append(past, maps)
        return past, self.space(self._filter_time(frames, 0, 0))


class TwoPlusOne(nnx.Module):
    """A spatial 3x3 convolution, BatchNorm and ReLU, then a dense temporal convolution.

    The number of channels in between is chosen so that the layer has as many parameters as a full 3D kernel.
    Source: Tran et al., A closer look at spatiotemporal convolutions, CVPR 2018, section 3.5.
    """

    TIME_AXIS = TIME_AXIS

    def __init__(self, inputs: int, outputs: int, frames: int, causal: bool = False, *, rngs: nnx.Rngs):
        self.frames, self.causal = frames, causal
        self.before, self.after = neighbors(frames, causal)
        middle = frames * 9 * inputs * outputs // (9 * inputs + frames * outputs)
        self.space = Conv3x3(inputs, middle, rngs=rngs)
        self.norm = batch_norm(middle, rngs=rngs)
        draw = nnx.initializers.he_normal(in_axis=(0, 1), out_axis=2)
        self.time = nnx.Param(draw(rngs.params(), (frames, middle, outputs)))

    def __call__(
        self, maps: Float[Array, "*batch time height width input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*batch time height width output"]:
        del rngs  # part of the interface, for layers with dropout
        return along_time(self._spatial(maps), self.time[...], self.before, self.after)

    def _spatial(self, maps: Array) -> Array:
        return nnx.relu(self.norm(self.space(maps)))

    def start(
        self, shape: Sequence[int], dtype: DTypeLike = jnp.float32
    ) -> Float[Array, "*batch early height width m"]:
        """The past before the first frame, zeros, for frames of shape [*batch, height, width, input]."""
        return zero_frames((*shape[:-1], self.time.shape[1]), self.before, dtype)

    def next(self, past: Array, maps: Array) -> tuple[Array, Array]:
        """The new past and the outputs of these frames."""
        past, frames = append(past, self._spatial(maps))
        return past, along_time(frames, self.time[...], 0, 0)


def along_time(
    maps: Float[Array, "*batch time height width input"],
    kernel: Float[Array, "frames input output"],
    before: int,
    after: int,
) -> Float[Array, "*batch later height width output"]:
    """Dense temporal convolution; `before` and `after` are the zero frames padded at the ends of the clip."""
    axis = maps.ndim + TIME_AXIS
    padding = [(0, 0)] * maps.ndim
    padding[axis] = (before, after)
    padded = jnp.pad(maps, padding)
    length = padded.shape[axis] - len(kernel) + 1
    taps = [jax.lax.slice_in_dim(padded, tap, tap + length, axis=axis) for tap in range(len(kernel))]
    return sum(tap @ matrix for tap, matrix in zip(taps, kernel, strict=True))


def zero_frames(
    shape: Sequence[int], frames: int, dtype: DTypeLike
) -> Float[Array, "*batch frames height width channel"]:
    """Returns `frames` frames of zeros, each of this shape."""
    return jnp.zeros((*shape[: TIME_AXIS + 1], frames, *shape[TIME_AXIS + 1 :]), dtype)


def append(past: Array, maps: Array) -> tuple[Array, Array]:
    """Appends frames to the past; returns the new past, of the same length, and all frames."""
    frames = jnp.concatenate([past, maps], axis=TIME_AXIS)
    length = frames.shape[TIME_AXIS]
    kept = past.shape[TIME_AXIS]
    return jax.lax.slice_in_dim(frames, length - kept, length, axis=frames.ndim + TIME_AXIS), frames


def neighbors(frames: int, causal: bool) -> tuple[int, int]:
    """How many frames before and after the current one a kernel of `frames` taps covers."""
    return (frames - 1, 0) if causal else (frames // 2, frames - 1 - frames // 2)
