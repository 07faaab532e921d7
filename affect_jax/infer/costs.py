"""What a network costs: its parameters, and the arithmetic of a frame."""

import math
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, jaxpr_as_fun

from affect_jax.nn.network import Network

PARAMETERS, FLOPS = "parameters", "flops/frame"


def costs(network: Network, shape: Sequence[int]) -> dict[str, int]:
    """Parameters, and floating-point operations for each frame in evaluation, for images of [.., height, width, 3].

    A network that looks along time is given a whole clip, whose cost is shared by its frames.
    """
    parts = (network.abstract.trained, network.abstract.frozen)
    parameters = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(parts))
    found = flops(network.predict, network.abstract, jax.ShapeDtypeStruct(tuple(shape), jnp.float32))
    return {PARAMETERS: parameters, FLOPS: round(found / math.prod(shape[:-3]))}


def flops(function: Callable, *shapes) -> float:
    """Floating-point operations of a function of arrays of these shapes, as XLA counts them, but loops in full.

    Counted is the program as written, before XLA improves it for a device: a multiplication and an addition are 2,
    comparisons and maxima 1, exponentials and their like nothing; products with the zeros of a padding are left out.
    XLA counts the body of a loop once; here it counts as often as it runs. A `while` whose length only its data tell
    counts once.
    """
    traced = jax.jit(function).trace(*shapes)
    return _counted(traced.lower()) + _repeated(traced.jaxpr.jaxpr)


def _counted(lowered) -> float:
    return max(float((lowered.cost_analysis() or {}).get("flops", 0)), 0.0)  # -1: unknown, of an empty program


def _repeated(jaxpr: Jaxpr) -> float:
    """What the loops of a program do beyond their first round."""
    total = 0.0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            body = equation.params["jaxpr"]
            shapes = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in body.in_avals]
            once, length = _counted(jax.jit(jaxpr_as_fun(body)).lower(*shapes)), equation.params["length"]
            total += (length - 1) * once + length * _repeated(body.jaxpr)
        else:
            total += sum(_repeated(inner) for inner in _inner(equation.params))
    return total


def _inner(params: dict) -> Iterator[Jaxpr]:
    for value in params.values():
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, ClosedJaxpr):
                yield part.jaxpr
            elif isinstance(part, Jaxpr):
                yield part
