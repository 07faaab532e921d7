"""A run made out of another one: whole in its folder, or not there at all."""

import json
import os
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

import jax
import optax
from absl import logging

from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.atomic import open_atomically
from affect_jax.nn.network import Network, Variables
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.optimizer import make_optimizer
from affect_jax.train.state import create_state


def there(workdir: pathlib.Path, config: options.Config, name: str, step: int | None = None) -> dict[str, Any] | None:
    """The note `name` of a run that stands in `workdir` and was made by this very config; None where none stands.

    UsageError where something else does, also what was made of the same run at another than its best `step` of now.
    """
    if not workdir.exists():
        return None
    if not workdir.is_dir():
        raise UsageError(f"--workdir={workdir} is a file; expected a folder, which is made")
    if not any(workdir.iterdir()):
        return None
    if not (workdir / claim.CONFIG).exists():
        raise UsageError(f"--workdir={workdir} holds other files; choose a folder that is empty or not there")
    claim.claim(workdir, config)
    if not (workdir / name).is_file():
        raise UsageError(f"--workdir={workdir} holds a run without {name}; choose a folder that is empty or not there")
    source, found = claim.read(workdir)["initialize"]["workdir"], json.loads((workdir / name).read_text())
    if step is not None and found["step"] != step:
        raise UsageError(
            f"--workdir={workdir} was made from step {found['step']} of {source}, whose best step is {step} by now; "
            "choose another folder"
        )
    logging.info("%s: already made from %s", workdir, source)
    return found


def write(
    workdir: pathlib.Path,
    config: options.Config,
    network: Network,
    variables: Variables,
    notes: Mapping[str, Mapping[str, Any]],
    certificate: Mapping[str, Any] | None = None,
) -> None:
    """The numbers at step 0, config.json and notes as JSON, into a folder of another name that then becomes `workdir`.

    What training needs besides is stored for those runs only that can be trained on where they are.
    """
    run = options.parse(config)
    goes_on = run.initialize.rule not in options.MADE
    optimizer = make_optimizer(run.optimizer, run.train.steps) if goes_on else optax.identity()
    task, averaged = run.task.initial() if goes_on else None, goes_on and run.optimizer.average > 0
    unfinished = workdir.absolute().with_name(f".{workdir.absolute().name}.unfinished-{os.getpid()}")
    try:
        claim.claim(unfinished, config)
        checkpoints = Checkpoints(unfinished, run.train.best)
        state = jax.jit(lambda numbers: create_state(network, optimizer, numbers, task, averaged))(variables)
        checkpoints.save(state, {}, certificate=certificate)
        checkpoints.close()
        for name, content in notes.items():
            note(unfinished, name, content)
        os.replace(unfinished, workdir)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def note(workdir: pathlib.Path, name: str, content: Mapping[str, Any]) -> None:
    """Keeps what was found of a run with it."""
    workdir.mkdir(parents=True, exist_ok=True)
    with open_atomically(workdir / name) as file:
        file.write(json.dumps(content, indent=1) + "\n")
