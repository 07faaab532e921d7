"""By which execution a factorized convolution is computed: measured on this device, once for each shape."""

import functools
import pathlib
from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.infer.measured import Choices, in_turn
from affect_jax.nn.execution import FactorShape
from affect_jax.nn.factorized import as_given
from affect_jax.ops.factors import EXECUTIONS, convolve


class FactorWays:
    """The fastest execution by the clock, with a memory of files."""

    def __init__(
        self,
        files: Sequence[pathlib.Path],
        clock: Callable[[FactorShape, Sequence[str]], Mapping[str, float]],
    ):
        self._choices, self._clock = Choices(files), clock

    def __call__(self, shape: FactorShape) -> str:
        ways = offered(shape)
        if len(ways) == 1:
            return ways[0]
        return self._choices.fastest(question(shape), ways, lambda: self._clock(shape, ways))


def offered(shape: FactorShape) -> tuple[str, ...]:
    """The executions that the convolution has; a dense kernel has no place for what stands between the factors."""
    return tuple(way for way in EXECUTIONS[shape.form] if shape.linear or way != "reconstructed")


def question(shape: FactorShape) -> str:
    """What tells one measurement from another, for people too."""
    sizes = "x".join(map(str, (shape.batch, *shape.signal)))
    arrays = " ".join(f"{name} {'x'.join(map(str, sizes))}" for name, sizes in shape.arrays)
    options = " ".join(f"{name} {value}" for name, value in shape.options)
    kind = "training" if shape.training else "evaluation"
    return f"{shape.form} {kind} {sizes}, {arrays}, {options}{'' if shape.linear else ', not linear'}"


def timed_ways(shape: FactorShape, ways: Sequence[str]) -> dict[str, float]:
    """Median seconds of each execution, forward or, for training, forward and backward; they take turns."""
    rng = np.random.default_rng(0)
    signal = jnp.asarray(rng.normal(size=(shape.batch, *shape.signal)), jnp.float32)
    arrays = {name: jnp.asarray(rng.normal(size=size), jnp.float32) for name, size in shape.arrays}
    programs = {way: jax.jit(functools.partial(_run, shape=shape, way=way)) for way in ways}
    return in_turn({way: functools.partial(program, signal, arrays) for way, program in programs.items()})


def _run(signal, arrays, *, shape: FactorShape, way: str):
    options = {name: as_given(value) for name, value in shape.options}
    between = None if shape.linear else jax.nn.relu
    forward = lambda signal, arrays: convolve(signal, arrays, execution=way, between=between, **options)
    if not shape.training:
        return forward(signal, arrays)
    result, pullback = jax.vjp(forward, signal, arrays)
    return pullback(result)
