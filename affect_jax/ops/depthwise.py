"""A convolution of each channel with its own taps along one axis, fast on a CPU."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def depthwise(
    signal: Float[Array, "*axes rank"],
    taps: Float[Array, "taps rank"],
    axis: int,
    *,
    before: int,
    after: int,
    stride: int = 1,
    dilation: int = 1,
) -> Float[Array, "*out rank"]:
    """Each channel correlated along `axis` with its own taps; `before` and `after` zeros are put around the signal.

    Written as a sum of shifted copies: XLA for CPU compiles a grouped convolution to something 100 times slower.
    ValueError where the kernel is longer than the padded signal.
    """
    length, parts = output_length(signal.shape[axis], len(taps), before, after, stride, dilation), []
    for tap in range(len(taps)):
        shift = tap * dilation - before  # the output at place p reads the signal at p * stride + shift
        first = min(max(0, -(shift // stride)), length)
        last = min(length, (signal.shape[axis] - 1 - shift) // stride + 1)  # one past
        if first < last:
            kept = jax.lax.slice_in_dim(signal, first * stride + shift, (last - 1) * stride + shift + 1, stride, axis)
            padding = [(0, 0)] * signal.ndim
            padding[axis] = (first, length - last)
            parts.append(jnp.pad(kept * jnp.expand_dims(taps[tap], range(signal.ndim - 1)), padding))
    if not parts:
        shape = list(signal.shape)
        shape[axis] = length
        return jnp.zeros(shape, signal.dtype)
    return sum(parts[1:], parts[0])


def output_length(length: int, taps: int, before: int, after: int, stride: int, dilation: int) -> int:
    """Places that the kernel takes along a padded axis; ValueError if there is none."""
    room = length + before + after - dilation * (taps - 1) - 1
    if room < 0:
        raise ValueError(
            f"{taps} taps with dilation {dilation} span {dilation * (taps - 1) + 1} places, but the axis has {length} "
            f"and its padding {before} + {after}; pad more or take a shorter kernel"
        )
    return room // stride + 1
