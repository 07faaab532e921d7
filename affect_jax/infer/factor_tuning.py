"""Chooses the execution of each factorized convolution by timing it on this device, once per shape."""

import functools
import pathlib
from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.infer.measured import Choices, time_interleaved
from affect_jax.nn.execution import FactorShape
from affect_jax.nn.factor_options import from_pairs
from affect_jax.ops.factors import EXECUTIONS, convolve


class FactorTuner:
    """Chooses the fastest execution of a factorized convolution; timings are cached in files."""

    def __init__(
        self,
        files: Sequence[pathlib.Path],
        clock: Callable[[FactorShape, Sequence[str]], Mapping[str, float]],
    ):
        self._choices, self._clock = Choices(files), clock

    def __call__(self, shape: FactorShape) -> str:
        executions = available_executions(shape)
        if len(executions) == 1:
            return executions[0]
        return self._choices.fastest(timing_key(shape), executions, lambda: self._clock(shape, executions))


def available_executions(shape: FactorShape) -> tuple[str, ...]:
    """The executions on one device; a dense kernel cannot have a norm between its factors.

    "plain" is for several devices, where nothing is measured.
    """
    left_out = ("plain",) if shape.linear else ("plain", "reconstructed")
    return tuple(execution for execution in EXECUTIONS[shape.form] if execution not in left_out)


def timing_key(shape: FactorShape) -> str:
    """A readable key that identifies a measurement."""
    sizes = "x".join(map(str, (shape.batch, *shape.signal)))
    arrays = " ".join(f"{name} {'x'.join(map(str, sizes))}" for name, sizes in shape.arrays)
    options = " ".join(f"{name} {value}" for name, value in shape.options)
    kind = "training" if shape.training else "evaluation"
    return f"{shape.form} {kind} {sizes}, {arrays}, {options}{'' if shape.linear else ', not linear'}"


def time_executions(shape: FactorShape, executions: Sequence[str]) -> dict[str, float]:
    """Measures the median seconds of each execution, interleaved; for training, forward and backward pass together."""
    rng = np.random.default_rng(0)
    signal = jnp.asarray(rng.normal(size=(shape.batch, *shape.signal)), jnp.float32)
    arrays = {name: jnp.asarray(rng.normal(size=size), jnp.float32) for name, size in shape.arrays}
    calls = {}
    for execution in executions:
        program = jax.jit(functools.partial(_run, shape=shape, execution=execution))
        calls[execution] = functools.partial(program, signal, arrays)
    return time_interleaved(calls)


def _run(signal, arrays, *, shape: FactorShape, execution: str):
    options = {name: from_pairs(value) for name, value in shape.options}
    between = None if shape.linear else jax.nn.relu
    forward = lambda signal, arrays: convolve(signal, arrays, execution=execution, between=between, **options)
    if not shape.training:
        return forward(signal, arrays)
    result, pullback = jax.vjp(forward, signal, arrays)
    return pullback(result)
