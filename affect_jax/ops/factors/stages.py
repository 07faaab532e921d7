"""Executions of a convolution with a factorized kernel, each in two stages: within each frame, then along time."""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.ops.depthwise import Slide, pointwise, separable
from affect_jax.ops.factors.forms import form_of, kernel_axes, reconstruct
from affect_jax.ops.sliding import Window, convolve_along, convolve_dense, convolve_each, slice_per_tap

# The executions that each form supports; the first is the default.
EXECUTIONS = {
    "cp": ("factors", "depthwise", "reconstructed", "plain"),
    "tucker": ("factors", "reconstructed"),
    "tt": ("factors", "reconstructed"),
    "dense": ("reconstructed",),
}

Kernel = Mapping[str, Float[Array, "..."]]
Between = Callable[[Array], Array]
Along = Mapping[str, Window]  # how the kernel slides along each axis, in order


class Stages(NamedTuple):
    """`after(before(signal), along)` is the convolution; `before` treats each frame independently."""

    before: Callable[[Array], Array]
    after: Callable[[Array, Along], Array]


def resolve_execution(form: str, execution: str | None) -> str:
    """Returns the execution, or the default for None; ValueError if the form does not support it."""
    if execution is not None and execution not in EXECUTIONS[form]:
        known = ", ".join(EXECUTIONS[form])
        raise ValueError(f"execution '{execution}' does not support kernels of form '{form}'; choose one of {known}")
    return execution or EXECUTIONS[form][0]


def stages(factors: Kernel, execution: str | None = None, between: Between | None = None) -> Stages:
    """Returns the stages of an execution; ValueError if the form does not support it or `between` cannot be applied."""
    form = form_of(factors)
    execution = resolve_execution(form, execution)
    if execution == "reconstructed":
        if between is not None:
            raise ValueError(
                "execution 'reconstructed' has no first 1x1 after which to apply anything; "
                "choose another execution, or a linear layer"
            )
        return Stages(lambda signal: signal, functools.partial(_dense, kernel=reconstruct(factors)))
    first_1x1 = lambda signal: pointwise(signal, factors["inputs"])
    before = first_1x1 if between is None else lambda signal: between(first_1x1(signal))
    if execution == "plain":
        return _by_plain_sums(factors, between)
    if form == "cp":
        return (_by_factors if execution == "factors" else _by_depthwise)(factors, before)
    if form == "tucker":
        return _by_core(factors, before)
    return _by_chain(factors, before)


def _by_factors(factors: Kernel, before: Between) -> Stages:
    """CP: one depthwise convolution per axis. Time comes first: a delta there preserves every bit of a frame."""

    def after(signal: Array, along: Along) -> Array:
        first = signal.ndim - 1 - len(along)
        slides = []
        for axis, window in enumerate(along.values(), start=first):
            slides.append(Slide(axis, window.before, window.after, window.stride, window.dilation))
        return pointwise(separable(signal, [factors[name] for name in along], slides), _scaled_outputs(factors))

    return Stages(before, after)


def _by_plain_sums(factors: Kernel, between: Between | None) -> Stages:
    """CP: the same in sums and products alone, which XLA can split over devices along any axis of the signal."""

    def before(signal: Array) -> Array:
        mixed = signal @ factors["inputs"]
        return mixed if between is None else between(mixed)

    def after(signal: Array, along: Along) -> Array:
        first = signal.ndim - 1 - len(along)
        for axis, (name, window) in enumerate(along.items(), start=first):
            rows = jnp.expand_dims(factors[name], range(1, signal.ndim))
            parts = slice_per_tap(signal, axis, window)
            signal = sum(part * row for part, row in zip(parts, rows, strict=True))
        return signal @ _scaled_outputs(factors)

    return Stages(before, after)


def _by_depthwise(factors: Kernel, before: Between) -> Stages:
    """CP: a single depthwise kernel, the product of the axes' factors."""
    kernel = jnp.ones(factors["scale"].shape, factors["scale"].dtype)
    for name in reversed(kernel_axes(factors)):
        rows = jnp.expand_dims(factors[name], range(1, kernel.ndim))
        kernel = rows * kernel[None]

    def after(signal: Array, along: Along) -> Array:
        return pointwise(convolve_each(signal, kernel, tuple(along.values())), _scaled_outputs(factors))

    return Stages(before, after)


def _by_core(factors: Kernel, before: Between) -> Stages:
    """Tucker: one small dense kernel, the core times the axes' factors, between the two 1x1."""
    kernel = factors["core"]
    for axis, name in enumerate(kernel_axes(factors)):
        kernel = jnp.moveaxis(jnp.tensordot(factors[name], kernel, (1, axis), precision="highest"), 0, axis)
    return Stages(before, lambda signal, along: pointwise(_dense(signal, along, kernel=kernel), factors["outputs"].T))


def _by_chain(factors: Kernel, before: Between) -> Stages:
    """Tensor train: a small dense convolution along each axis in turn."""

    def after(signal: Array, along: Along) -> Array:
        first = signal.ndim - 1 - len(along)
        for axis, (name, window) in enumerate(along.items(), start=first):
            signal = convolve_along(signal, factors[name], axis, window)
        return pointwise(signal, factors["outputs"].T)

    return Stages(before, after)


def _dense(signal: Array, along: Along, *, kernel: Array) -> Array:
    return convolve_dense(signal, kernel, tuple(along.values()))


def _scaled_outputs(factors: Kernel) -> Array:
    return factors["scale"][:, None] * factors["outputs"].T
