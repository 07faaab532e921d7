"""Padding and pooling with TensorFlow's rule SAME, which puts the odd zero after the signal instead of before it."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float


def same_padding(size: int, window: int, stride: int) -> tuple[int, int]:
    """Entries before and after an axis of `size`, such that there are ceil(size / stride) windows."""
    windows = -(-size // stride)
    total = max((windows - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def max_pool_same(
    maps: Float[Array, "batch *axes channel"], window: Sequence[int], strides: Sequence[int]
) -> Float[Array, "batch *out channel"]:
    """The largest value in each window along the axes between batch and channel, padded by SAME.

    Takes the maximum along one axis after the other, because on a CPU the gradient of a window's maximum is slow.
    """
    for axis, (length, stride) in enumerate(zip(window, strides, strict=True), start=1):
        maps = _largest(maps, axis, length, stride)
    return maps


def _largest(maps: Array, axis: int, window: int, stride: int) -> Array:
    """The maximum of each window along one axis."""
    size = maps.shape[axis]
    before, after = same_padding(size, window, stride)
    pads = [(0, 0)] * maps.ndim
    pads[axis] = (before, after)
    padded = jnp.pad(maps, pads, constant_values=-jnp.inf)
    windows = -(-size // stride)
    result = None
    for start in range(window):
        places = [slice(None)] * maps.ndim
        places[axis] = slice(start, start + stride * (windows - 1) + 1, stride)
        part = padded[tuple(places)]
        result = part if result is None else jnp.maximum(result, part)
    return result
