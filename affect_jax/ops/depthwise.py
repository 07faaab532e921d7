"""Separable depthwise convolutions, one axis after another, with a custom gradient.

Written for XLA on CPUs, where a grouped convolution is 100 times slower, nested sums of shifted copies are fused into a
loop that recomputes the inner sum for every tap, and the gradient of a tap, a sum over all positions, is slow unless it
is computed in blocks that fit a cache. Other devices get the plain sums.
"""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

BLOCK_VALUES = 2**17  # values of each partial sum in the gradient of the taps: half a megabyte


class Slide(NamedTuple):
    """How a kernel slides along an axis, counted from the front; `before` and `after` are the zeros padded."""

    axis: int
    before: int
    after: int
    stride: int = 1
    dilation: int = 1


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
    """Correlates each channel with its own taps along `axis`, zero-padded by `before` and `after`.

    ValueError if the kernel is longer than the padded signal. As for `separable`, only reverse-mode gradients work.
    """
    return separable(signal, [taps], [Slide(axis % signal.ndim, before, after, stride, dilation)])


def separable(
    signal: Float[Array, "*axes rank"], taps: Sequence[Float[Array, "_ rank"]], slides: Sequence[Slide]
) -> Float[Array, "*out rank"]:
    """Applies one depthwise convolution per axis, in the signal's precision; sums accumulate in at least float32.

    The backward pass saves only the input and recomputes the intermediate signals. Second derivatives, `jit` and
    `vmap` work; forward mode (`jax.jvp`) does not.
    """
    length = list(signal.shape)
    for factor, slide in zip(taps, slides, strict=True):
        length[slide.axis] = output_length(length[slide.axis], len(factor), slide)
    return _separable(signal, tuple(taps), tuple(slides))


def pointwise(
    signal: Float[Array, "*axes input"], matrix: Float[Array, "input output"]
) -> Float[Array, "*axes output"]:
    """1x1 convolution; flat, because XLA on CPUs otherwise takes twice as long for the gradient."""
    return (signal.reshape(-1, signal.shape[-1]) @ matrix).reshape(*signal.shape[:-1], matrix.shape[-1])


def output_length(length: int, taps: int, slide: Slide) -> int:
    """Number of outputs along a padded axis; ValueError if the kernel does not fit."""
    span = slide.dilation * (taps - 1) + 1
    room = length + slide.before + slide.after - span
    if room < 0:
        raise ValueError(
            f"{taps} taps with dilation {slide.dilation} span {span} positions, but axis {slide.axis} has {length} and "
            f"its padding {slide.before} + {slide.after}; pad more or use a shorter kernel"
        )
    return room // slide.stride + 1


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _separable(signal: Array, taps: tuple[Array, ...], slides: tuple[Slide, ...]) -> Array:
    for factor, slide in zip(taps, slides, strict=True):
        signal = _without_fusion(functools.partial(_correlate, slide=slide), signal, factor)
    return signal


def _forward(signal: Array, taps: tuple[Array, ...], slides: tuple[Slide, ...]) -> tuple[Array, tuple]:
    return _separable(signal, taps, slides), (signal, taps)


def _backward(slides: tuple[Slide, ...], residuals: tuple, cotangent: Array) -> tuple[Array, tuple[Array, ...]]:
    signal, taps = residuals
    signals = [signal]
    for factor, slide in zip(taps[:-1], slides[:-1], strict=True):
        signals.append(_separable(signals[-1], (factor,), (slide,)))
    tap_gradients = []
    for inputs, factor, slide in zip(reversed(signals), reversed(taps), reversed(slides), strict=True):
        tap_gradients.append(_tap_gradient(inputs, cotangent, len(factor), slide).astype(factor.dtype))
        length = inputs.shape[slide.axis]
        cotangent = _without_fusion(functools.partial(_signal_gradient, slide=slide, length=length), cotangent, factor)
    return cotangent, tuple(reversed(tap_gradients))


_separable.defvjp(_forward, _backward)


def _without_fusion(function: Callable[..., Array], *arrays: Array) -> Array:
    """Calls `function`; on a CPU inside a branch that is always taken, across which XLA does not fuse."""
    result = jax.eval_shape(function, *arrays)

    def branch(*arrays: Array) -> Array:
        always = jax.lax.optimization_barrier(jnp.bool_(True))
        return jax.lax.cond(always, function, lambda *_: jnp.zeros(result.shape, result.dtype), *arrays)

    return jax.lax.platform_dependent(*arrays, cpu=branch, default=function)


def _correlate(signal: Array, taps: Array, slide: Slide) -> Array:
    """Sums shifted copies of the signal, each multiplied by its tap."""
    length = output_length(signal.shape[slide.axis], len(taps), slide)
    shape = (*signal.shape[: slide.axis], length, *signal.shape[slide.axis + 1 :])
    total = jnp.zeros(shape, _sum_dtype(signal))
    for tap, read, first, last in _overlaps(signal.shape[slide.axis], len(taps), slide):
        part = jax.lax.slice_in_dim(signal, read.start, read.stop, slide.stride, slide.axis).astype(total.dtype)
        padding = [(0, 0)] * signal.ndim
        padding[slide.axis] = (first, length - last)
        total += jnp.pad(part * _as_row(taps[tap], signal.ndim).astype(total.dtype), padding)
    return total.astype(signal.dtype)


def _signal_gradient(cotangent: Array, taps: Array, slide: Slide, length: int) -> Array:
    """Gradient of an input of `length`: the cotangent, dilated by the stride, correlated with the reversed taps."""
    padding = [(0, 0, 0)] * cotangent.ndim
    padding[slide.axis] = (0, 0, slide.stride - 1)
    spread = jax.lax.pad(cotangent, jnp.zeros((), cotangent.dtype), padding)
    before = slide.dilation * (len(taps) - 1) - slide.before
    after = length + slide.before - spread.shape[slide.axis]
    return _correlate(spread, taps[::-1], Slide(slide.axis, before, after, 1, slide.dilation))


def _tap_gradient(signal: Array, cotangent: Array, count: int, slide: Slide) -> Array:
    """Gradient of the taps [count, rank]: for each tap, the sum over all positions of signal times cotangent.

    Products are accumulated elementwise over blocks of the largest other axis, and only then summed over positions.
    """
    signal, cotangent = _fold_axes(signal, slide.axis), _fold_axes(cotangent, slide.axis)
    overlaps = list(_overlaps(signal.shape[1], count, slide))
    loop = 0 if signal.ndim == 3 or signal.shape[0] >= signal.shape[2] else 2
    size = _largest_divisor(signal.shape[loop], BLOCK_VALUES * signal.shape[loop] // max(signal.size, 1))
    block = list(signal.shape)
    block[loop] = size

    def add(step: Array, sums: list[Array]) -> list[Array]:
        signal_block = jax.lax.dynamic_slice_in_dim(signal, step * size, size, loop)
        cotangent_block = jax.lax.dynamic_slice_in_dim(cotangent, step * size, size, loop)
        results = []
        for total, (_, read, first, last) in zip(sums, overlaps, strict=True):
            part = jax.lax.slice_in_dim(signal_block, read.start, read.stop, slide.stride, 1)
            other = cotangent_block[:, first:last]
            results.append(total + part.astype(_sum_dtype(part)) * other.astype(_sum_dtype(other)))
        return results

    sums = [jnp.zeros([block[0], last - first, *block[2:]], _sum_dtype(signal)) for _, _, first, last in overlaps]
    sums = jax.lax.fori_loop(0, signal.shape[loop] // size, add, sums)
    gradients = [jnp.zeros(signal.shape[-1], _sum_dtype(signal))] * count
    for (tap, *_), total in zip(overlaps, sums, strict=True):
        gradients[tap] = total.reshape(-1, total.shape[-1]).sum(0)
    return jnp.stack(gradients)


def _overlaps(length: int, count: int, slide: Slide) -> Iterator[tuple[int, slice, int, int]]:
    """For each tap that reaches the signal: the tap, the inputs it reads, its first output and one past its last."""
    outputs = output_length(length, count, slide)
    for tap in range(count):
        # Output p reads the input at p * stride + shift.
        shift = tap * slide.dilation - slide.before
        first = min(max(0, -(shift // slide.stride)), outputs)
        last = min(outputs, (length - 1 - shift) // slide.stride + 1)
        if first < last:
            read = slice(first * slide.stride + shift, (last - 1) * slide.stride + shift + 1)
            yield tap, read, first, last


def _fold_axes(array: Array, axis: int) -> Array:
    """Reshapes to [axes before, axis, axes after (if any), rank]."""
    after = array.shape[axis + 1 : -1]
    folded_after = [math.prod(after)] if after else []
    return array.reshape(math.prod(array.shape[:axis]), array.shape[axis], *folded_after, array.shape[-1])


def _largest_divisor(count: int, at_most: int) -> int:
    return max(size for size in range(1, max(1, min(count, at_most)) + 1) if count % size == 0)


def _as_row(vector: Array, axes: int) -> Array:
    return vector.reshape((1,) * (axes - 1) + (-1,))


def _sum_dtype(array: Array) -> jnp.dtype:
    return array.dtype if array.dtype.itemsize >= 4 else jnp.dtype(jnp.float32)
