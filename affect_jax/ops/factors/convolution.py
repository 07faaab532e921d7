"""Convolutions with a factorized kernel, over a whole signal or over a stream of frames."""

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
    """Convolves with the reconstructed kernel; `causal` applies to time only. For the padding see `sliding.windows`.

    The kernel slides along the axes just before the channel; all axes before those are batch.
    execution: "factors" never builds the kernel: a 1x1 convolution, then one depthwise convolution per axis (cp), one
        small convolution per axis (tt) or one small convolution along all axes (tucker), then another 1x1.
        "depthwise" (cp only): 1x1, one depthwise kernel along all axes, 1x1. "plain" (cp only): as "factors", in sums
        and products that can be split over devices along any axis. "reconstructed": the dense kernel.
        None: the first execution that the form supports.
    between: applied after the first 1x1; the layer then no longer equals a convolution with a dense kernel.
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
    """Runs the causal convolution on the next frames, any number of them; returns the new past and the outputs.

    Starting from `empty_past`, chunk after chunk gives the same outputs as `convolve` with causal=True gives for the
    whole signal. `past` holds the last dilation * (taps - 1) frames: of the signal after the first 1x1, or of the
    signal itself for the dense kernel. In training, statistics inside `between` would be those of a single chunk.
    """
    along = _causal(factors, stride, dilation, padding)
    before, after = stages(factors, execution, between)
    time_axis = signal.ndim - 1 - len(along)
    frames = jnp.concatenate([past, before(signal)], axis=time_axis)
    length = frames.shape[time_axis]
    past = jax.lax.slice_in_dim(frames, length - along["time"].before, length, axis=time_axis)
    # The past takes the place of the padding.
    unpadded = Window(along["time"].taps, 0, 0, 1, along["time"].dilation)
    return past, after(frames, {**along, "time": unpadded})


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
    """Returns the past at the start of a stream: zeros. The number of frames in `shape` does not matter."""
    along = _causal(factors, stride, dilation, padding)
    signal = jax.eval_shape(stages(factors, execution).before, jax.ShapeDtypeStruct(shape, dtype))
    time_axis = len(shape) - 1 - len(along)
    past_shape = list(signal.shape)
    past_shape[time_axis] = along["time"].before
    return jnp.zeros(past_shape, signal.dtype)


def _taps(factors: Kernel) -> dict[str, int]:
    sizes = kernel_sizes(factors)
    return {name: sizes[name] for name in kernel_axes(factors)}


def _causal(factors: Kernel, stride: Number, dilation: Number, padding: Padding) -> dict[str, Window]:
    """Returns the windows of a kernel that can run on a stream; ValueError for one that cannot."""
    along = windows(_taps(factors), True, stride, dilation, padding)
    time = along.get("time")
    if time is None:
        raise ValueError(f"the kernel slides along {', '.join(along)}; only one with a time axis can run on a stream")
    if time.stride != 1 or (time.before, time.after) != (time.dilation * (time.taps - 1), 0):
        raise ValueError(
            f"time: stride {time.stride}, padding ({time.before}, {time.after}); a stream needs stride 1 and padding "
            "'same' in time"
        )
    return along
