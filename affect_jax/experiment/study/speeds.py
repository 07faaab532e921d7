"""How many frames a second networks predict on this machine, in turns."""

import pathlib
from collections.abc import Callable, Mapping

import jax.numpy as jnp

from affect_jax.experiment.restore import restored
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.measured import time_interleaved
from affect_jax.types import Predictions

BATCH = 8  # clips, or pictures, at once
CALLS = 3  # of each network in its turn


def frames_a_second(workdirs: Mapping[str, pathlib.Path]) -> dict[str, float]:
    """Of each network by name: frames of clips as long as those it was trained on, eight clips at once, in float32."""
    programs, frames = {}, {}
    for name, workdir in workdirs.items():
        programs[name], frames[name] = _program(workdir)
    return {name: frames[name] / seconds for name, seconds in time_interleaved(programs).items()}


def _program(workdir: pathlib.Path) -> tuple[Callable[[], list[Predictions]], int]:
    run, network, variables, _ = restored(workdir)
    ready, px = CompiledNetwork(network), run.contract.input_px
    shape = (BATCH, run.data.frames, px, px, 3) if run.data.frames else (BATCH, px, px, 3)
    images = jnp.full(shape, 0.5)
    return lambda: [ready(variables, images) for _ in range(CALLS)], CALLS * BATCH * max(run.data.frames, 1)
