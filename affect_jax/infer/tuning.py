"""Which convolutions are computed by which method: measured on this device, once for each shape, and then kept."""

import dataclasses
import math
import pathlib
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from affect_jax.infer.measured import Choices, files, in_turn, machine
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.execution import DIRECT, ConvShape, Execution, FactorShape, Survey
from affect_jax.nn.network import Network
from affect_jax.ops.parts import fitting

__all__ = ["Measured", "executed", "files", "machine", "planned", "timed"]

SMALLEST_WORK = 1e8  # multiplications and additions of a batch below which the method does not matter
Faster = Callable[[ConvShape, int], bool]  # shape, images at once -> whether Winograd's method is faster
Fastest = Callable[[FactorShape], str]  # -> the execution of a factorized convolution


def planned(
    network: Network,
    images: jax.ShapeDtypeStruct,
    training: bool,
    map_numbers: int,
    named: Execution,
    faster: Faster | None,
    fastest: Fastest | None = None,
) -> Execution:
    """The execution of a network on one device, for batches such as `images`.

    `map_numbers` is the size of one image's largest map: as many images are evaluated at once as fit the caches of a
    CPU; 0: all. Without `faster` and `fastest`, which choose for 3x3 and for factorized convolutions, the methods are
    those of `named`. Without `training` only prediction is planned.
    """
    count = int(np.prod(images.shape[:-3]))
    at_once = min(fitting(map_numbers), count) if map_numbers else 0
    if faster is None and fastest is None:
        return dataclasses.replace(named, at_once=at_once)
    found = _survey(network, images, training)
    chosen = set() if faster else named.winograd
    for shape in sorted({shape for _, shape in found.seen}) if faster else ():
        batch = count if shape.training or not at_once else at_once
        work = 18 * batch * shape.height * shape.width * shape.inputs * shape.outputs
        if shape.large and work >= SMALLEST_WORK and faster(shape, batch):
            chosen.add(shape)
    ways = _ways(found, at_once, fastest) if fastest else ()
    return Execution(chosen if chosen is None else frozenset(chosen), at_once, ways)


def _ways(found: Survey, at_once: int, fastest: Fastest) -> tuple[tuple[FactorShape, str], ...]:
    """The execution of each factorized convolution that was found; parts of a batch hold images, never clips."""
    ways = {}
    for shape in sorted(found.factorized, key=str):
        if at_once and not shape.training and "time" not in dict(shape.arrays):
            shape = shape._replace(batch=at_once)
        numbers = sum(math.prod(size) for _, size in shape.arrays)
        if 2 * shape.batch * math.prod(shape.signal[:-1]) * numbers >= SMALLEST_WORK:
            ways[shape._replace(batch=0)] = fastest(shape)
    return tuple(ways.items())


def _survey(network: Network, images: jax.ShapeDtypeStruct, training: bool) -> Survey:
    """The convolutions of a network, and what they are given."""
    found = Survey()
    network = network.changed(lambda module: executed(module, found))
    variables = network.abstract
    predict = lambda variables, images: jax.tree.leaves(network.predict(variables, images))
    jax.eval_shape(predict, variables, images)
    if training:
        train = lambda variables, images, key: jax.tree.leaves(network.train(variables, images, key))
        jax.eval_shape(train, variables, images, jax.random.key(0))
    return found


def executed(module: nnx.Module, execution: Execution | Survey) -> nnx.Module:
    """The module, told how to compute."""
    module.set_attributes(execution=execution, raise_if_not_found=False)
    return module


class Measured:
    """`Faster` by the clock, with a memory of files."""

    def __init__(self, files: Sequence[pathlib.Path], clock: Callable[[ConvShape, int], tuple[float, float]]):
        self._choices, self._clock = Choices(files), clock

    def __call__(self, shape: ConvShape, batch: int) -> bool:
        question = f"{'training' if shape.training else 'evaluation'} {batch}x{shape.height}x{shape.width} " + (
            f"{shape.inputs}->{shape.outputs}"
        )
        ways = ("direct", "winograd")
        clock = lambda: dict(zip(ways, self._clock(shape, batch), strict=True))
        return self._choices.fastest(question, ways, clock) == "winograd"


def timed(shape: ConvShape, batch: int) -> tuple[float, float]:
    """Median seconds of the direct and of Winograd's method, taken in turn."""
    rng = np.random.default_rng(0)
    maps = jnp.asarray(rng.normal(size=(batch, shape.height, shape.width, shape.inputs)), jnp.float32)
    layer = Conv3x3(shape.inputs, shape.outputs, rngs=nnx.Rngs(0))
    layer.deterministic = not shape.training
    kernel, methods = layer.kernel[...], {"direct": DIRECT, "winograd": Execution(winograd=None)}
    programs = {name: _program(layer, execution, shape.training) for name, execution in methods.items()}
    times = in_turn({name: lambda run=run: run(kernel, maps) for name, run in programs.items()})
    return times["direct"], times["winograd"]


def _program(layer: Conv3x3, execution: Execution, training: bool) -> Callable:
    def forward(kernel, maps):
        copy = nnx.clone(layer)
        copy.kernel, copy.execution = nnx.Param(kernel), execution
        return copy(maps)

    def both(kernel, maps):
        result, pullback = jax.vjp(forward, kernel, maps)
        return pullback(result)

    return jax.jit(both if training else forward)
