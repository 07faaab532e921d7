"""What a run's compiled training step needs: parameters, arithmetic, memory, communication and time."""

import dataclasses
import itertools
import math
import pathlib
import statistics
from typing import Any

import jax
from absl import logging

from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.inspect.program import StepForm, step_form
from affect_jax.experiment.run import Run
from affect_jax.files.json_files import read_objects
from affect_jax.infer.collectives import Total, collectives, totals
from affect_jax.nn.network import names

JOURNAL = "metrics.jsonl"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What `inspect` found."""

    options: Options
    mesh: dict[str, int]
    device_kind: str
    trained: dict[str, jax.ShapeDtypeStruct]  # by name, with their shardings
    frozen: dict[str, jax.ShapeDtypeStruct]
    flops: float  # of a step on all devices
    memory: dict[str, int]  # bytes on each device, by what takes them
    exchanges: dict[str, Total]  # between devices in a step, by kind; those in a loop count once
    seconds: float | None  # of a step, estimated; None without a measured run

    @property
    def devices(self) -> int:
        """Number of devices of the mesh."""
        return math.prod(self.mesh.values())


def find_facts(run: Run, measured: pathlib.Path | None) -> Facts:
    """Compiles the training step of a run and reads what it needs; `measured` is the workdir of a run for its speed."""
    form = step_form(run)
    flops = form.flops
    seconds = None if measured is None else flops * seconds_per_flop(measured)
    logging.info("compiling the training step; this takes from seconds to some minutes")
    compiled = form.compile()
    return Facts(
        run.options,
        dict(run.placement.mesh.shape),
        run.placement.mesh.devices.flat[0].device_kind,
        names(form.state.variables.trained),
        names(form.state.variables.frozen),
        flops,
        memory(form, compiled),
        totals(collectives(compiled)),
        seconds,
    )


def memory(form: StepForm, compiled: jax.stages.Compiled) -> dict[str, int]:
    """Bytes on each device during a step, by what takes them."""
    variables, analysis = form.state.variables, compiled.memory_analysis()
    found = {
        "parameters": held_bytes((variables.trained, variables.frozen)),
        "optimizer moments": held_bytes(form.state.opt_state),
        "running average": held_bytes(form.state.average),
        "statistics and counts": held_bytes((variables.statistics, form.state.task, form.state.faults)),
        "teacher": held_bytes(form.teacher),
        "batch": held_bytes(form.batch),
        "temporary": analysis.temp_size_in_bytes,
    }
    return {name: size for name, size in found.items() if size}


def held_bytes(tree: Any) -> int:
    """Bytes of these arrays on each device."""
    total = 0
    for leaf in jax.tree.leaves(tree):
        total += math.prod(leaf.sharding.shard_shape(leaf.shape)) * leaf.dtype.itemsize
    return total


def seconds_per_flop(workdir: pathlib.Path) -> float:
    """Seconds of a training step over its arithmetic in a run on the machine in question, from its journal.

    The median over the intervals between the logged losses, so that evaluations and compilation do not count.
    """
    form = step_form(Run(claim.read_options(workdir), workdir))
    path = workdir / JOURNAL
    lines = [line for line in (read_objects(path, "step") if path.is_file() else []) if "train/loss" in line]
    speeds = []
    for before, after in itertools.pairwise(lines):
        if after["seconds"] > before["seconds"]:  # of a resumed run, they start again
            speeds.append((after["seconds"] - before["seconds"]) / (after["step"] - before["step"]))
    if not speeds:
        raise UsageError(f"{path} has fewer than two logged losses of one session, from which a speed could be taken")
    return statistics.median(speeds) / form.flops
