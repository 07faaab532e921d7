"""Plans the execution of a network: times the methods of each convolution on this device, once per shape."""

import dataclasses
import functools
import math
import pathlib
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from affect_jax.infer.measured import Choices, files, machine, time_interleaved
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.execution import DIRECT, ConvShape, Execution, FactorShape, Survey
from affect_jax.nn.network import Network
from affect_jax.ops.parts import cache_capacity

__all__ = ["ConvTuner", "files", "machine", "plan_execution", "set_execution", "time_convolution"]

SMALLEST_WORK = 1e8  # floating-point operations per batch below which the method does not matter
Faster = Callable[[ConvShape, int], bool]  # (shape, images per pass) -> whether Winograd's method is faster
Fastest = Callable[[FactorShape], str]  # -> the execution of a factorized convolution


def plan_execution(
    network: Network,
    images: jax.ShapeDtypeStruct,
    training: bool,
    map_values: int,
    named: Execution,
    faster: Faster | None,
    fastest: Fastest | None = None,
) -> Execution:
    """Plans the execution of a network on one device.

    Args:
        network: the network.
        images: shape of the batches.
        training: whether to plan for training as well as for prediction.
        map_values: size of one image's largest feature map. In evaluation, as many images go through the network per
            pass as fit in the caches of a CPU; 0: the whole batch.
        named: the methods to use where `faster` or `fastest` is missing.
        faster: chooses the method of dense 3x3 convolutions.
        fastest: chooses the execution of factorized convolutions.
    """
    count = int(np.prod(images.shape[:-3]))
    at_once = min(cache_capacity(map_values), count) if map_values else 0
    if faster is None and fastest is None:
        return dataclasses.replace(named, at_once=at_once)
    found = _survey(network, images, training)
    winograd = _choose_winograd(found, count, at_once, faster) if faster else named.winograd
    factorized = _choose_factorized(found, at_once, fastest) if fastest else ()
    return Execution(winograd, at_once, factorized)


def _choose_winograd(found: Survey, count: int, at_once: int, faster: Faster) -> frozenset[ConvShape]:
    """The 3x3 convolutions for which Winograd's method is faster."""
    chosen = set()
    for shape in sorted({shape for _, shape in found.convolutions}):
        batch = count if shape.training or not at_once else at_once
        work = 18 * batch * shape.height * shape.width * shape.inputs * shape.outputs
        if shape.large and work >= SMALLEST_WORK and faster(shape, batch):
            chosen.add(shape)
    return frozenset(chosen)


def _choose_factorized(found: Survey, at_once: int, fastest: Fastest) -> tuple[tuple[FactorShape, str], ...]:
    """The execution of each factorized convolution. Parts of a batch hold images, never clips."""
    executions = {}
    for shape in sorted(found.factorized, key=str):
        if at_once and not shape.training and "time" not in dict(shape.arrays):
            shape = shape._replace(batch=at_once)
        parameters = sum(math.prod(size) for _, size in shape.arrays)
        if 2 * shape.batch * math.prod(shape.signal[:-1]) * parameters >= SMALLEST_WORK:
            executions[shape._replace(batch=0)] = fastest(shape)
    return tuple(executions.items())


def _survey(network: Network, images: jax.ShapeDtypeStruct, training: bool) -> Survey:
    """Records the convolutions of a network and the shapes they are called with."""
    found = Survey()
    network = network.changed(lambda module: set_execution(module, found))
    variables = network.abstract
    predict = lambda variables, images: jax.tree.leaves(network.predict(variables, images))
    jax.eval_shape(predict, variables, images)
    if training:
        train = lambda variables, images, key: jax.tree.leaves(network.train(variables, images, key))
        jax.eval_shape(train, variables, images, jax.random.key(0))
    return found


def set_execution(module: nnx.Module, execution: Execution | Survey) -> nnx.Module:
    """Sets the execution of every layer that has one; returns the module."""
    module.set_attributes(execution=execution, raise_if_not_found=False)
    return module


class ConvTuner:
    """Decides whether Winograd's method is faster; timings are cached in files."""

    def __init__(self, files: Sequence[pathlib.Path], clock: Callable[[ConvShape, int], tuple[float, float]]):
        self._choices, self._clock = Choices(files), clock

    def __call__(self, shape: ConvShape, batch: int) -> bool:
        mode = "training" if shape.training else "evaluation"
        key = f"{mode} {batch}x{shape.height}x{shape.width} {shape.inputs}->{shape.outputs}"
        methods = ("direct", "winograd")
        clock = lambda: dict(zip(methods, self._clock(shape, batch), strict=True))
        return self._choices.fastest(key, methods, clock) == "winograd"


def time_convolution(shape: ConvShape, batch: int) -> tuple[float, float]:
    """Measures the median seconds of the direct method and of Winograd's, interleaved."""
    rng = np.random.default_rng(0)
    maps = jnp.asarray(rng.normal(size=(batch, shape.height, shape.width, shape.inputs)), jnp.float32)
    layer = Conv3x3(shape.inputs, shape.outputs, rngs=nnx.Rngs(0))
    layer.deterministic = not shape.training
    kernel = layer.kernel[...]
    calls = {}
    for name, execution in (("direct", DIRECT), ("winograd", Execution(winograd=None))):
        calls[name] = functools.partial(_program(layer, execution, shape.training), kernel, maps)
    times = time_interleaved(calls)
    return times["direct"], times["winograd"]


def _program(layer: Conv3x3, execution: Execution, training: bool) -> Callable:
    def forward(kernel, maps):
        copy = nnx.clone(layer)
        copy.kernel, copy.execution = nnx.Param(kernel), execution
        return copy(maps)

    def forward_and_backward(kernel, maps):
        result, pullback = jax.vjp(forward, kernel, maps)
        return pullback(result)

    return jax.jit(forward_and_backward if training else forward)
