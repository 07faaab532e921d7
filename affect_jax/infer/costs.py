"""The cost of a network: its parameters and the floating-point operations per frame."""

import math
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, jaxpr_as_fun

from affect_jax.nn.network import Network

PARAMETERS, FLOPS = "parameters", "flops/frame"


def costs(network: Network, lead: Sequence[int], face: Sequence[int]) -> dict[str, int]:
    """Counts parameters, and floating-point operations per frame in evaluation.

    `face` is the shape of one input, such as (height, width, 3), and `lead` that of the axes before it: for a network
    over clips those of a whole clip, whose cost is divided by its number of frames.
    """
    parts = (network.abstract.trained, network.abstract.frozen)
    parameters = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(parts))
    total = flops(network.predict, network.abstract, jax.ShapeDtypeStruct((*lead, *face), jnp.float32))
    return {PARAMETERS: parameters, FLOPS: round(total / math.prod(lead))}


def flops(function: Callable, *shapes) -> float:
    """Counts the floating-point operations of a function as XLA does, except that loops count in full.

    This is the program as written, before XLA optimizes it for a device: a multiply-add is 2 operations, comparisons
    and maxima are 1, transcendental functions such as exp are 0; products with padding zeros do not count. XLA counts
    the body of a loop once; here a `scan` counts once per iteration. A `while` loop of data-dependent length counts
    once.
    """
    traced = jax.jit(function).trace(*shapes)
    return _count(traced.lower()) + _count_repetitions(traced.jaxpr.jaxpr)


def _count(lowered) -> float:
    # XLA reports -1, unknown, for an empty program.
    return max(float((lowered.cost_analysis() or {}).get("flops", 0)), 0.0)


def _count_repetitions(jaxpr: Jaxpr) -> float:
    """Operations of a program's loops beyond their first iteration."""
    total = 0.0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            body = equation.params["jaxpr"]
            shapes = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in body.in_avals]
            length = equation.params["length"]
            once = _count(jax.jit(jaxpr_as_fun(body)).lower(*shapes))
            total += (length - 1) * once + length * _count_repetitions(body.jaxpr)
        else:
            total += sum(_count_repetitions(inner) for inner in _inner_jaxprs(equation.params))
    return total


def _inner_jaxprs(params: dict) -> Iterator[Jaxpr]:
    for value in params.values():
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, ClosedJaxpr):
                yield part.jaxpr
            elif isinstance(part, Jaxpr):
                yield part
