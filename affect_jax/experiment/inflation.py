"""A clip network out of a trained static one, as a workdir of its own."""

import json
import pathlib

import jax
from absl import logging

from affect_jax.experiment import build, initial, options
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.optimiser import make_optimiser
from affect_jax.train.state import create_state


def inflate_run(
    static: pathlib.Path, workdir: pathlib.Path, *, time_kernel: int, time_pool: int, causal: bool, frames: int
) -> dict:
    """Writes `workdir` with the inflated network at step 0 and inflation.json; returns the certificate."""
    initial.trained(static)
    config = options.read(static)
    model = {**config["model"], "name": "clip", "time_kernel": time_kernel, "time_pool": time_pool, "causal": causal}
    config = {
        **config,
        "model": model,
        "data": {**config["data"], "frames": frames},
        "initialise": {"rule": "inflate", "workdir": str(static)},
    }
    run = options.parse(config)
    if (workdir / options.CONFIG).exists():
        options.claim(workdir, config)
        logging.info("%s: already inflated from %s", workdir, static)
        return json.loads((workdir / initial.CERTIFICATE).read_text())
    found, module = initial.inflate(static, build.model_config(run), workdir, seed=run.seed)
    network = build.network(run)
    checkpoints = Checkpoints(workdir, run.loop.best)
    optimiser = make_optimiser(run.optimiser, run.loop.steps)
    create = lambda v: create_state(network, optimiser, v, run.task.initial(), run.optimiser.average > 0)
    checkpoints.save(jax.jit(create)(network.variables(module)), {})
    checkpoints.close()
    options.claim(workdir, config)  # last: a workdir with a config is complete
    logging.info("%s: inflated from %s; difference at most %.2e", workdir, static, found["largest_difference"])
    return found
