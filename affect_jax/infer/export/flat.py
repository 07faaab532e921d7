"""Programs without what only JAX understands: calls are expanded, and branches for one kind of device are chosen.

Converters know the operations of JAX, but neither `platform_dependent` nor gradients of one's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal
from jaxtyping import Array

PLATFORM = "platform_index"  # which branch of `jax.lax.platform_dependent` this device takes
CALLS = {"jit": "jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr"}


def flat(function: Callable[..., Sequence[Array]], inputs: Sequence[jax.ShapeDtypeStruct]) -> Callable[..., Any]:
    """The same function for inputs of these shapes, as a flat program that any device can run."""
    traced = jax.make_jaxpr(function)(*inputs)
    return lambda *arrays: _evaluate(traced.jaxpr, traced.consts, arrays)


def _evaluate(jaxpr: Jaxpr, constants: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *arrays), strict=True))
    read = lambda variable: variable.val if isinstance(variable, Literal) else values[variable]
    chosen: dict[Any, int] = {}  # the branch for any device, by the variable that holds its index
    for equation in jaxpr.eqns:
        operands = [read(variable) for variable in equation.invars]
        name, params = equation.primitive.name, equation.params
        if name == PLATFORM:
            values[equation.outvars[0]] = chosen[equation.outvars[0]] = _default(params["platforms"])
            continue
        index = _chosen_branch(equation.invars, chosen) if name == "cond" else None
        if index is not None:
            results = _evaluate_closed(params["branches"][index], operands[1:])
        elif name in CALLS:
            results = _evaluate_closed(params[CALLS[name]], operands)
        elif name == "concatenate":
            results = _concatenate(operands, params["dimension"])
        else:
            results = equation.primitive.bind(*operands, **params)
        if not equation.primitive.multiple_results:
            results = [results]
        values.update(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in jaxpr.outvars]


def _evaluate_closed(program: ClosedJaxpr, arrays: Sequence[Any]) -> list[Any]:
    return _evaluate(program.jaxpr, program.consts, arrays)


def _concatenate(parts: Sequence[Any], axis: int) -> Any:
    """Leaves out parts without elements: in a shape, ONNX takes 0 for "as large as it was"."""
    return jax.lax.concatenate([part for part in parts if part.shape[axis] != 0], axis)


def _chosen_branch(operands: Sequence[Any], chosen: Mapping[Any, int]) -> int | None:
    """The branch that a conditional takes, if that depends on the device alone."""
    return None if isinstance(operands[0], Literal) else chosen.get(operands[0])


def _default(platforms: Sequence[Sequence[str] | None]) -> int:
    """The branch that is for no platform in particular."""
    return next(index for index, names in enumerate(platforms) if names is None)
