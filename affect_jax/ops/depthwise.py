"""Convolutions of each channel with its own taps along one axis after another, with a derivative of their own.

Made for XLA on a CPU, where a grouped convolution is 100 times slower, where sums of shifted copies of shifted copies
are fused into one loop that computes everything anew for each tap, and where the sum over all places that is a tap's
gradient is slow unless it goes by blocks that fit a cache. Elsewhere the compiler gets the plain sums.
"""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

BLOCK_NUMBERS = 2**17  # of each of the sums that a tap's gradient is gathered in: half a megabyte


class Slide(NamedTuple):
    """How taps move along an axis (counted from the front): zeros put around it, step, distance between taps."""

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
    """Each channel correlated along `axis` with its own taps; `before` and `after` zeros are put around the signal.

    ValueError where the kernel is longer than the padded signal. As for `separable`, gradients go backward only.
    """
    return separable(signal, [taps], [Slide(axis % signal.ndim, before, after, stride, dilation)])


def separable(
    signal: Float[Array, "*axes rank"], taps: Sequence[Float[Array, "_ rank"]], slides: Sequence[Slide]
) -> Float[Array, "*out rank"]:
    """Depthwise convolutions one after the other, in the signal's precision, each sum in float32 at least.

    The gradient keeps the signal alone and computes what stands between the axes again. It can be taken twice, under
    `jit` and `vmap`; forward mode (`jax.jvp`) is refused by JAX.
    """
    length = list(signal.shape)
    for factor, slide in zip(taps, slides, strict=True):
        length[slide.axis] = output_length(length[slide.axis], len(factor), slide)
    return _separable(signal, tuple(taps), tuple(slides))


def pointwise(
    signal: Float[Array, "*axes input"], matrix: Float[Array, "input output"]
) -> Float[Array, "*axes output"]:
    """The channels mixed at every place; flat, because XLA for CPU takes twice the time for the gradient otherwise."""
    return (signal.reshape(-1, signal.shape[-1]) @ matrix).reshape(*signal.shape[:-1], matrix.shape[-1])


def output_length(length: int, taps: int, slide: Slide) -> int:
    """Places that the kernel takes along a padded axis; ValueError if there is none."""
    span = slide.dilation * (taps - 1) + 1
    room = length + slide.before + slide.after - span
    if room < 0:
        raise ValueError(
            f"{taps} taps with dilation {slide.dilation} span {span} places, but axis {slide.axis} has {length} and "
            f"its padding {slide.before} + {slide.after}; pad more or take a shorter kernel"
        )
    return room // slide.stride + 1


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _separable(signal: Array, taps: tuple[Array, ...], slides: tuple[Slide, ...]) -> Array:
    for factor, slide in zip(taps, slides, strict=True):
        signal = _apart(functools.partial(_correlated, slide=slide), signal, factor)
    return signal


def _forward(signal: Array, taps: tuple[Array, ...], slides: tuple[Slide, ...]) -> tuple[Array, tuple]:
    return _separable(signal, taps, slides), (signal, taps)


def _backward(slides: tuple[Slide, ...], kept: tuple, slope: Array) -> tuple[Array, tuple[Array, ...]]:
    signal, taps = kept
    signals = [signal]
    for factor, slide in zip(taps[:-1], slides[:-1], strict=True):
        signals.append(_separable(signals[-1], (factor,), (slide,)))
    to_taps = []
    for before, factor, slide in zip(reversed(signals), reversed(taps), reversed(slides), strict=True):
        to_taps.append(_to_taps(before, slope, len(factor), slide).astype(factor.dtype))
        back = functools.partial(_to_signal, slide=slide, length=before.shape[slide.axis])
        slope = _apart(back, slope, factor)
    return slope, tuple(reversed(to_taps))


_separable.defvjp(_forward, _backward)


def _apart(function: Callable[..., Array], *arrays: Array) -> Array:
    """The function's result; on a CPU in a branch that is always taken, because the compiler fuses nothing into one."""
    result = jax.eval_shape(function, *arrays)

    def branch(*arrays: Array) -> Array:
        always = jax.lax.optimization_barrier(jnp.bool_(True))
        return jax.lax.cond(always, function, lambda *_: jnp.zeros(result.shape, result.dtype), *arrays)

    return jax.lax.platform_dependent(*arrays, cpu=branch, default=function)


def _correlated(signal: Array, taps: Array, slide: Slide) -> Array:
    """A sum of shifted products."""
    length = output_length(signal.shape[slide.axis], len(taps), slide)
    result = [*signal.shape]
    result[slide.axis] = length
    total = jnp.zeros(result, _sum_type(signal))
    for tap, seen, first, last in _overlaps(signal.shape[slide.axis], len(taps), slide):
        part = jax.lax.slice_in_dim(signal, seen.start, seen.stop, slide.stride, slide.axis).astype(total.dtype)
        padding = [(0, 0)] * signal.ndim
        padding[slide.axis] = (first, length - last)
        total += jnp.pad(part * _row(taps[tap], signal.ndim).astype(total.dtype), padding)
    return total.astype(signal.dtype)


def _to_signal(slope: Array, taps: Array, slide: Slide, length: int) -> Array:
    """The gradient of a signal of that length: the slope, spread by the stride, correlated with the reversed taps."""
    padding = [(0, 0, 0)] * slope.ndim
    padding[slide.axis] = (0, 0, slide.stride - 1)
    spread = jax.lax.pad(slope, jnp.zeros((), slope.dtype), padding)
    before = slide.dilation * (len(taps) - 1) - slide.before
    after = length + slide.before - spread.shape[slide.axis]
    return _correlated(spread, taps[::-1], Slide(slide.axis, before, after, 1, slide.dilation))


def _to_taps(signal: Array, slope: Array, count: int, slide: Slide) -> Array:
    """The gradient of the taps [count, rank]: for each, the sum over all places of signal times slope.

    Products are added up place by place over blocks of the largest other axis, then over the places of a block.
    """
    signal, slope = (_folded(array, slide.axis) for array in (signal, slope))
    overlaps = list(_overlaps(signal.shape[1], count, slide))
    loop = 0 if signal.ndim == 3 or signal.shape[0] >= signal.shape[2] else 2
    size = _dividing(signal.shape[loop], BLOCK_NUMBERS * signal.shape[loop] // max(signal.size, 1))
    block = [*signal.shape]
    block[loop] = size

    def add(step: Array, sums: list[Array]) -> list[Array]:
        seen, along = (jax.lax.dynamic_slice_in_dim(array, step * size, size, loop) for array in (signal, slope))
        products = []
        for _, places, first, last in overlaps:
            part = jax.lax.slice_in_dim(seen, places.start, places.stop, slide.stride, 1)
            products.append(part.astype(_sum_type(part)) * along[:, first:last].astype(_sum_type(along)))
        return [total + product for total, product in zip(sums, products, strict=True)]

    sums = [jnp.zeros([block[0], last - first, *block[2:]], _sum_type(signal)) for _, _, first, last in overlaps]
    sums = jax.lax.fori_loop(0, signal.shape[loop] // size, add, sums)
    result = [jnp.zeros(signal.shape[-1], _sum_type(signal))] * count
    for (tap, *_), total in zip(overlaps, sums, strict=True):
        result[tap] = total.reshape(-1, total.shape[-1]).sum(0)
    return jnp.stack(result)


def _overlaps(length: int, count: int, slide: Slide) -> Iterator[tuple[int, slice, int, int]]:
    """For each tap that meets the signal: itself, the places of the signal, and of the result from first to last."""
    results = output_length(length, count, slide)
    for tap in range(count):
        shift = tap * slide.dilation - slide.before  # the result at place p reads the signal at p * stride + shift
        first = min(max(0, -(shift // slide.stride)), results)
        last = min(results, (length - 1 - shift) // slide.stride + 1)  # one past
        if first < last:
            yield tap, slice(first * slide.stride + shift, (last - 1) * slide.stride + shift + 1), first, last


def _folded(array: Array, axis: int) -> Array:
    """[axes before, axis, axes after (if any), rank]."""
    after = array.shape[axis + 1 : -1]
    return array.reshape(
        math.prod(array.shape[:axis]), array.shape[axis], *([math.prod(after)] if after else []), array.shape[-1]
    )


def _dividing(count: int, at_most: int) -> int:
    return max(size for size in range(1, max(1, min(count, at_most)) + 1) if count % size == 0)


def _row(vector: Array, axes: int) -> Array:
    return vector.reshape((1,) * (axes - 1) + (-1,))


def _sum_type(array: Array) -> jnp.dtype:
    return array.dtype if array.dtype.itemsize >= 4 else jnp.dtype(jnp.float32)
