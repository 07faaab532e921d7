"""Convolutions with a factorized kernel: of a whole signal, or of the frames of a stream as they come."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.ops.factors.forms import kernel_axes, kernel_sizes
from affect_jax.ops.factors.stages import Between, Kernel, stages
from affect_jax.ops.sliding import Number, Padding, Window, windows


def convolve(
    signal: Float[Array, "*axes input"],
    factors: Kernel,
    causal: bool = False,
    *,
    stride: Number = 1,
    dilation: Number = 1,
    padding: Padding = "same",
    execution: str | None = None,
    between: Between | None = None,
) -> Float[Array, "*out output"]:
    """The convolution with the reconstructed kernel; `causal` in time only. For the padding see `sliding.windows`.

    The kernel slides along the axes just before the channel; whatever stands before them is batch.
    execution: "factors", without building the kernel: 1x1, then for cp one depthwise convolution an axis, for tt one
        small convolution an axis, for tucker one small convolution along all, then 1x1. "depthwise" (cp): 1x1, one
        depthwise kernel along all axes, 1x1. "reconstructed": the dense kernel. None: the first that the form has.
    between: applied after the first 1x1; with it the whole is no convolution with any dense kernel.
    """
    along = windows(_taps(factors), causal, stride, dilation, padding)
    before, after = stages(factors, execution, between)
    return after(before(signal), along)


def convolve_next(
    past: Float[Array, "*held"],
    signal: Float[Array, "*axes input"],
    factors: Kernel,
    *,
    stride: Number = 1,
    dilation: Number = 1,
    padding: Padding = "same",
    execution: str | None = None,
    between: Between | None = None,
) -> tuple[Float[Array, "*held"], Float[Array, "*out output"]]:
    """The past of the frames to come, and the causal convolution's outputs for these frames, any number of them.

    Chunk after chunk, from `empty_past` on, this gives what `convolve` with causal=True gives for the whole. `past`
    holds dilation * (taps - 1) frames: of the signal after the first 1x1, with the dense kernel of the signal itself.
    Statistics that `between` takes in training would be those of one chunk.
    """
    along = _causal(factors, stride, dilation, padding)
    before, after = stages(factors, execution, between)
    frames, kept = signal.ndim - 1 - len(along), along["time"].before
    known = jnp.concatenate([past, before(signal)], axis=frames)
    past = jax.lax.slice_in_dim(known, known.shape[frames] - kept, known.shape[frames], axis=frames)
    time = Window(along["time"].taps, 0, 0, 1, along["time"].dilation)
    return past, after(known, {**along, "time": time})


def empty_past(
    shape: tuple[int, ...],
    factors: Kernel,
    *,
    stride: Number = 1,
    dilation: Number = 1,
    padding: Padding = "same",
    execution: str | None = None,
    dtype: jax.typing.DTypeLike = jnp.float32,
) -> Float[Array, "*held"]:
    """The past of a stream that begins: zeros, for signals of this shape, whose number of frames does not matter."""
    along = _causal(factors, stride, dilation, padding)
    held = jax.eval_shape(stages(factors, execution).before, jax.ShapeDtypeStruct(shape, dtype))
    frames = len(shape) - 1 - len(along)
    return jnp.zeros((*held.shape[:frames], along["time"].before, *held.shape[frames + 1 :]), held.dtype)


def _taps(factors: Kernel) -> dict[str, int]:
    sizes = kernel_sizes(factors)
    return {name: sizes[name] for name in kernel_axes(factors)}


def _causal(factors: Kernel, stride: Number, dilation: Number, padding: Padding) -> dict[str, Window]:
    """The windows of a kernel that can follow a stream; ValueError for one that cannot."""
    along = windows(_taps(factors), True, stride, dilation, padding)
    time = along.get("time")
    if time is None:
        raise ValueError(f"the kernel slides along {', '.join(along)}; only one with a time axis can follow a stream")
    if time.stride != 1 or (time.before, time.after) != (time.dilation * (time.taps - 1), 0):
        raise ValueError(
            f"time: stride {time.stride}, padding ({time.before}, {time.after}); a stream is followed with stride 1 "
            "and padding 'same' in time"
        )
    return along
