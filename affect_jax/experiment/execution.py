"""Which convolutions go by Winograd's method: measured on this processor, once for each shape, and then kept.

The choice decides the last bits of a result. It is kept in a file of the user's cache folder, and a run keeps its own
copy in its workdir, so that a run that goes on after an interruption goes on with the same bits.
"""

import dataclasses
import json
import os
import pathlib
import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from flax import nnx

from affect_jax.experiment.cli import cache_folder
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.execution import DIRECT, ConvShape, Execution, Survey
from affect_jax.ops.files import replacing
from affect_jax.ops.parts import fitting
from affect_jax.train.state import Network

FILE = "execution.json"
ROUNDS = 5
GAIN = 0.9  # Winograd's method is chosen where its time is below this share of the other's: no flip-flop near 1
SMALLEST_WORK = 1e8  # multiplications and additions of a batch below which the method does not matter
Faster = Callable[[ConvShape, int], bool]  # shape, images at once -> whether Winograd's method is faster


def planned(
    build: Callable[[nnx.Rngs], nnx.Module],
    images: jax.ShapeDtypeStruct,
    frozen: str | None,
    map_numbers: int,
    named: Execution,
    faster: Faster | None,
) -> Execution:
    """The execution of a network on one CPU, for batches such as `images`.

    `map_numbers` is the size of one image's largest map: as many images are evaluated at once as fit the caches.
    Without `faster` the methods are those of `named`. `frozen` is the part that does not train; None: prediction only.
    """
    count = int(np.prod(images.shape[:-3]))
    at_once = min(fitting(map_numbers), count)
    if faster is None:
        return dataclasses.replace(named, at_once=at_once)
    found = Survey()
    network = Network(lambda rngs: executed(build(rngs), found), frozen or "")
    numbers = network.abstract
    predict = lambda numbers, images: jax.tree.leaves(network.predict(numbers, images))
    jax.eval_shape(predict, numbers, images)
    if frozen is not None:
        train = lambda numbers, images, key: jax.tree.leaves(network.train(numbers, images, key))
        jax.eval_shape(train, numbers, images, jax.random.key(0))
    chosen = set()
    for shape in sorted({shape for _, shape in found.seen}):
        batch = count if shape.training else at_once
        work = 18 * batch * shape.height * shape.width * shape.inputs * shape.outputs
        if shape.large and work >= SMALLEST_WORK and faster(shape, batch):
            chosen.add(shape)
    return Execution(frozenset(chosen), at_once)


def executed(module: nnx.Module, execution: Execution | Survey) -> nnx.Module:
    """The module, told how to compute."""
    module.set_attributes(execution=execution, raise_if_not_found=False)
    return module


class Measured:
    """`Faster` by the clock, with a memory of files: the first that knows a shape decides, all learn what is new."""

    def __init__(self, files: Sequence[pathlib.Path], clock: Callable[[ConvShape, int], tuple[float, float]]):
        self._files, self._clock = files, clock
        self._machine = machine()

    def __call__(self, shape: ConvShape, batch: int) -> bool:
        name = f"{'training' if shape.training else 'evaluation'} {batch}x{shape.height}x{shape.width} " + (
            f"{shape.inputs}->{shape.outputs}"
        )
        known = [_read(file).get(self._machine, {}).get(name) for file in self._files]
        times = next((found for found in known if found), None)
        if times is None:
            direct, winograd = self._clock(shape, batch)
            times = {"direct_ms": round(1e3 * direct, 3), "winograd_ms": round(1e3 * winograd, 3)}
            logging.info("3x3 convolution, %s: direct %.2f ms, Winograd %.2f ms", name, *times.values())
        for file, found in zip(self._files, known, strict=True):
            if found is None:
                _add(file, self._machine, name, times)
        return times["winograd_ms"] < GAIN * times["direct_ms"]


def machine() -> str:
    """What a measurement holds for: processor, cores, and the compiler's version."""
    name = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = lines[0] if lines else name
    return f"{name}, {len(os.sched_getaffinity(0))} cores, jaxlib {version('jaxlib')}"


def timed(shape: ConvShape, batch: int) -> tuple[float, float]:
    """Median seconds of the direct and of Winograd's method, taken in turn."""
    rng = np.random.default_rng(0)
    maps = jnp.asarray(rng.normal(size=(batch, shape.height, shape.width, shape.inputs)), jnp.float32)
    layer = Conv3x3(shape.inputs, shape.outputs, rngs=nnx.Rngs(0))
    layer.deterministic = not shape.training
    programs = [_program(layer, execution, shape.training) for execution in (DIRECT, Execution(winograd=None))]
    kernel, times = layer.kernel[...], [[], []]
    for _ in range(ROUNDS + 1):  # the first round compiles
        for program, taken in zip(programs, times, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(program(kernel, maps))
            taken.append(time.perf_counter() - start)
    direct, winograd = (float(np.median(taken[1:])) for taken in times)
    return direct, winograd


def _program(layer: Conv3x3, execution: Execution, training: bool) -> Callable:
    def forward(kernel, maps):
        copy = nnx.clone(layer)
        copy.kernel, copy.execution = nnx.Param(kernel), execution
        return copy(maps)

    def both(kernel, maps):
        result, pullback = jax.vjp(forward, kernel, maps)
        return pullback(result)

    return jax.jit(both if training else forward)


def files(workdir: pathlib.Path | None) -> list[pathlib.Path]:
    """Where choices are kept: with the run, if it is one, and in the user's cache folder."""
    return [*([workdir / FILE] if workdir else []), cache_folder() / FILE]


def _read(file: pathlib.Path) -> dict:
    try:
        return json.loads(file.read_text()) if file.exists() else {}
    except json.JSONDecodeError:
        logging.warning("%s is not valid JSON; it is written anew", file)
        return {}


def _add(file: pathlib.Path, machine_name: str, shape_name: str, times: dict[str, float]) -> None:
    content = _read(file)
    content.setdefault(machine_name, {})[shape_name] = times
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as out:
        out.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
