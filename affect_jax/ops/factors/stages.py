"""The ways to compute a convolution with a factorized kernel, each in two stages: frame by frame, and along time."""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.ops.depthwise import Slide, pointwise, separable
from affect_jax.ops.factors.forms import form_of, kernel_axes, reconstruct
from affect_jax.ops.sliding import Window, convolve_along, convolve_dense, convolve_each

# The ways that each form can be computed; the first is the one that None stands for.
EXECUTIONS = {
    "cp": ("factors", "depthwise", "reconstructed"),
    "tucker": ("factors", "reconstructed"),
    "tt": ("factors", "reconstructed"),
    "dense": ("reconstructed",),
}

Kernel = Mapping[str, Float[Array, "..."]]
Between = Callable[[Array], Array]
Along = Mapping[str, Window]  # of each axis of the kernel, in order


class Stages(NamedTuple):
    """`after(before(signal), along)` is the convolution; `before` looks at one frame at a time."""

    before: Callable[[Array], Array]
    after: Callable[[Array, Along], Array]


def execution_of(form: str, execution: str | None) -> str:
    """The execution that is meant; ValueError for one that the form does not have."""
    if execution is not None and execution not in EXECUTIONS[form]:
        known = ", ".join(EXECUTIONS[form])
        raise ValueError(f"execution '{execution}' is not offered for a kernel of form '{form}'; choose one of {known}")
    return execution or EXECUTIONS[form][0]


def stages(factors: Kernel, execution: str | None = None, between: Between | None = None) -> Stages:
    """The two stages of an execution; ValueError where it is not offered, or has no place for `between`."""
    form = form_of(factors)
    execution = execution_of(form, execution)
    if execution == "reconstructed":
        if between is not None:
            raise ValueError(
                "execution 'reconstructed' has no first 1x1 for anything to follow; "
                "choose another execution, or a linear layer"
            )
        return Stages(lambda signal: signal, functools.partial(_dense, kernel=reconstruct(factors)))
    mix = lambda signal: pointwise(signal, factors["inputs"])
    mixed = mix if between is None else lambda signal: between(mix(signal))
    if form == "cp":
        return (_by_factors if execution == "factors" else _by_depthwise)(factors, mixed)
    if form == "tucker":
        return _by_core(factors, mixed)
    return _by_chain(factors, mixed)


def _by_factors(factors: Kernel, mixed: Between) -> Stages:
    """CP: a depthwise convolution an axis; time first, which keeps every bit of a frame where it is a delta."""

    def after(held: Array, along: Along) -> Array:
        first = held.ndim - 1 - len(along)
        slides = [
            Slide(first + place, w.before, w.after, w.stride, w.dilation) for place, w in enumerate(along.values())
        ]
        return pointwise(separable(held, [factors[name] for name in along], slides), _scaled_outputs(factors))

    return Stages(mixed, after)


def _by_depthwise(factors: Kernel, mixed: Between) -> Stages:
    """CP: the product of the axes' factors is one depthwise kernel."""
    kernel = jnp.ones(factors["scale"].shape, factors["scale"].dtype)
    for name in reversed(kernel_axes(factors)):
        rows = jnp.expand_dims(factors[name], range(1, kernel.ndim))
        kernel = rows * kernel[None]

    def after(held: Array, along: Along) -> Array:
        return pointwise(convolve_each(held, kernel, tuple(along.values())), _scaled_outputs(factors))

    return Stages(mixed, after)


def _by_core(factors: Kernel, mixed: Between) -> Stages:
    """Tucker: a small dense kernel between the two 1x1, the core times the axes' factors."""
    kernel = factors["core"]
    for place, name in enumerate(kernel_axes(factors)):
        kernel = jnp.moveaxis(jnp.tensordot(factors[name], kernel, (1, place), precision="highest"), 0, place)
    return Stages(mixed, lambda held, along: pointwise(_dense(held, along, kernel=kernel), factors["outputs"].T))


def _by_chain(factors: Kernel, mixed: Between) -> Stages:
    """Tensor train: a small dense convolution along each axis in turn."""

    def after(held: Array, along: Along) -> Array:
        for place, (name, window) in enumerate(along.items()):
            held = convolve_along(held, factors[name], held.ndim - 1 - len(along) + place, window)
        return pointwise(held, factors["outputs"].T)

    return Stages(mixed, after)


def _dense(held: Array, along: Along, *, kernel: Array) -> Array:
    return convolve_dense(held, kernel, tuple(along.values()))


def _scaled_outputs(factors: Kernel) -> Array:
    return factors["scale"][:, None] * factors["outputs"].T
