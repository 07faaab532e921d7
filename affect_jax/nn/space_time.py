"""Layers of space and time that are not one factorized kernel."""

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
    """A factor of time for each input channel, then a layer of space: a kernel time[t, i] * space[h, w, i, o].

    At first it is the present frame alone. Outside the clip there are zeros.
    """

    TIME_AXIS = TIME_AXIS

    def __init__(self, space: nnx.Module, frames: int, causal: bool = False):
        self.frames, self.causal = frames, causal
        self.before, self.after = span(frames, causal)
        self.time = nnx.Param(jnp.zeros((frames, space.inputs)).at[self.before].set(1.0))
        self.space = space

    def __call__(
        self, maps: Float[Array, "*batch time height width input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*batch time height width output"]:
        return self.space(self._timed(maps, self.before, self.after), rngs=rngs)

    def _timed(self, maps: Array, before: int, after: int) -> Array:
        return depthwise(maps, self.time[...], maps.ndim + TIME_AXIS, before=before, after=after)

    def start(
        self, shape: Sequence[int], dtype: DTypeLike = jnp.float32
    ) -> Float[Array, "*batch early height width i"]:
        """Zeros in the place of the frames before the first, for frames of shape [*batch, height, width, input]."""
        return nothing(shape, self.before, dtype)

    def next(self, past: Array, maps: Array) -> tuple[Array, Array]:
        """The frames that follow `past`, and what is to be kept of them."""
        past, longer = joined(past, maps)
        return past, self.space(self._timed(longer, 0, 0))


class TwoPlusOne(nnx.Module):
    """A 3x3 kernel of space, BatchNorm and ReLU, then a dense kernel of time.

    Between the two are as many channels as give the layer the parameters of a full kernel of space and time.
    Source: Tran et al., A closer look at spatiotemporal convolutions, CVPR 2018, section 3.5.
    """

    TIME_AXIS = TIME_AXIS

    def __init__(self, inputs: int, outputs: int, frames: int, causal: bool = False, *, rngs: nnx.Rngs):
        self.frames, self.causal = frames, causal
        self.before, self.after = span(frames, causal)
        middle = frames * 9 * inputs * outputs // (9 * inputs + frames * outputs)
        self.space = Conv3x3(inputs, middle, rngs=rngs)
        self.norm = batch_norm(middle, rngs=rngs)
        start = nnx.initializers.he_normal(in_axis=(0, 1), out_axis=2)
        self.time = nnx.Param(start(rngs.params(), (frames, middle, outputs)))

    def __call__(
        self, maps: Float[Array, "*batch time height width input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*batch time height width output"]:
        del rngs  # for layers with dropout
        return along_time(self._spatial(maps), self.time[...], self.before, self.after)

    def _spatial(self, maps: Array) -> Array:
        return nnx.relu(self.norm(self.space(maps)))

    def start(
        self, shape: Sequence[int], dtype: DTypeLike = jnp.float32
    ) -> Float[Array, "*batch early height width m"]:
        """Zeros in the place of the frames before the first, for frames of shape [*batch, height, width, input]."""
        return nothing((*shape[:-1], self.time.shape[1]), self.before, dtype)

    def next(self, past: Array, maps: Array) -> tuple[Array, Array]:
        """The frames that follow `past`, and what is to be kept of them."""
        past, longer = joined(past, self._spatial(maps))
        return past, along_time(longer, self.time[...], 0, 0)


def along_time(
    maps: Float[Array, "*batch time height width input"],
    kernel: Float[Array, "frames input output"],
    before: int,
    after: int,
) -> Float[Array, "*batch later height width output"]:
    """The sum over neighboring frames, each times its own matrix; `before` and `after` zeros at the clip's ends."""
    axis = maps.ndim + TIME_AXIS
    padding = [(before, after) if place == axis else (0, 0) for place in range(maps.ndim)]
    longer = jnp.pad(maps, padding)
    length = longer.shape[axis] - len(kernel) + 1
    taps = [jax.lax.slice_in_dim(longer, tap, tap + length, axis=axis) for tap in range(len(kernel))]
    return sum(tap @ matrix for tap, matrix in zip(taps, kernel, strict=True))


def nothing(shape: Sequence[int], frames: int, dtype: DTypeLike) -> Float[Array, "*batch frames height width channel"]:
    """That many frames of zeros, each of a shape."""
    return jnp.zeros((*shape[: TIME_AXIS + 1], frames, *shape[TIME_AXIS + 1 :]), dtype)


def joined(past: Array, maps: Array) -> tuple[Array, Array]:
    """The last frames of both, as many as `past` holds, and both."""
    longer = jnp.concatenate([past, maps], axis=TIME_AXIS)
    kept = past.shape[TIME_AXIS]
    length = longer.shape[TIME_AXIS]
    return jax.lax.slice_in_dim(longer, length - kept, length, axis=longer.ndim + TIME_AXIS), longer


def span(frames: int, causal: bool) -> tuple[int, int]:
    """Frames before and after the present one that a kernel of `frames` sees."""
    return (frames - 1, 0) if causal else (frames // 2, frames - 1 - frames // 2)
