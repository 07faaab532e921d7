"""Prediction speed of networks on this machine, timed in turns."""

import pathlib
from collections.abc import Callable, Mapping

import jax.numpy as jnp

from affect_jax.experiment.restore import restore_run
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.measured import time_interleaved
from affect_jax.types import Predictions

BATCH = 8  # clips or images per call
CALLS = 3  # per network and turn


def frames_per_second(workdirs: Mapping[str, pathlib.Path]) -> dict[str, float]:
    """Frames per second of each network, on batches of eight clips of its training length, in float32."""
    programs, frames = {}, {}
    for name, workdir in workdirs.items():
        programs[name], frames[name] = _program(workdir)
    return {name: frames[name] / seconds for name, seconds in time_interleaved(programs).items()}


def _program(workdir: pathlib.Path) -> tuple[Callable[[], list[Predictions]], int]:
    run, network, variables, _ = restore_run(workdir)
    ready = CompiledNetwork(network)
    lead = (BATCH, run.data.frames) if run.data.frames else (BATCH,)
    images = jnp.full((*lead, *run.contract.input_shape), 0.5)
    return lambda: [ready(variables, images) for _ in range(CALLS)], CALLS * BATCH * max(run.data.frames, 1)
