"""Writes a derived run to its folder, completely or not at all."""

import contextlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import optax
from absl import logging

from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.hold import hold
from affect_jax.files.atomic import open_atomically
from affect_jax.files.disk import require_writable
from affect_jax.files.json_files import read_object
from affect_jax.files.paths import first_existing
from affect_jax.nn.network import Network, Variables
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.damage import LOCK
from affect_jax.train.guard import Faults
from affect_jax.train.optimizer import make_optimizer
from affect_jax.train.state import create_state

SOURCE = "source.json"  # what a converted network was made from
DRAWN = "drawn"  # its entry with the names of the arrays that the file did not have


@contextlib.contextmanager
def reserve(workdir: pathlib.Path) -> Iterator[None]:
    """Holds the folder of a network while it is made; UsageError names another process that makes it.

    A folder that was created for this, and in which nothing was written, is removed. One that holds a run is not
    written to.
    """
    if (workdir / claim.CONFIG).exists() or (workdir.exists() and not workdir.is_dir()):
        yield
        return
    require_writable(workdir)
    existing = first_existing(workdir)
    try:
        with hold(workdir):
            yield
    finally:
        place = workdir.absolute()
        with contextlib.suppress(OSError):  # it holds the result
            while place != existing:
                place.rmdir()
                place = place.parent


def existing_result(
    workdir: pathlib.Path, config: options.Config, name: str, step: int | None = None
) -> dict[str, Any] | None:
    """The note `name` of a run already written to `workdir` with the same config; None if there is none.

    UsageError if the folder holds anything else, such as a result derived from another `step` of the same source.
    """
    if not workdir.exists():
        return None
    if not workdir.is_dir():
        raise UsageError(f"--workdir={workdir} is a file; expected a folder, which is created if missing")
    if not {entry.name for entry in workdir.iterdir()} - {LOCK}:
        return None
    if not (workdir / claim.CONFIG).exists():
        raise UsageError(f"--workdir={workdir} holds other files; choose an empty or a new folder")
    claim.claim(workdir, config)
    if not (workdir / name).is_file():
        raise UsageError(f"--workdir={workdir} holds a run without {name}; choose an empty or a new folder")
    source = claim.read_config(workdir)["initialize"]["workdir"]
    result = read_object(workdir / name, "choose another --workdir, or remove this one")
    made_from = result.get("step")
    if step is not None and made_from != step:
        raise UsageError(
            f"--workdir={workdir} was made from step {made_from} of {source}, whose best step is {step} by now; "
            "choose another folder"
        )
    logging.info("%s: already made from %s", workdir, source)
    return result


def write_run(
    workdir: pathlib.Path,
    config: options.Config,
    network: Network,
    variables: Variables,
    notes: Mapping[str, Mapping[str, Any]],
    certificate: Mapping[str, Any] | None = None,
) -> None:
    """Writes the weights at step 0, config.json and notes as JSON to a temporary folder, then renames it to `workdir`.

    The optimizer state is stored only for runs that training can continue in place. See also `reserve`.
    """
    run = options.parse(config)
    trainable = run.initialize.rule not in options.DERIVED
    optimizer = make_optimizer(run.optimizer, run.train.steps) if trainable else optax.identity()
    task = run.task.initial() if trainable else None
    averaged = trainable and run.optimizer.average > 0
    unfinished = workdir.absolute().with_name(f".{workdir.absolute().name}.unfinished-{os.getpid()}")
    try:
        claim.claim(unfinished, config)
        checkpoints = Checkpoints(unfinished, run.train.best)
        faults = Faults.initial(run.train.on_nan) if trainable else None
        create = jax.jit(lambda variables: create_state(network, optimizer, variables, task, averaged, faults))
        checkpoints.save(create(variables), {}, certificate=certificate)
        checkpoints.close()
        for name, content in notes.items():
            write_note(unfinished, name, content)
        (workdir / LOCK).unlink(missing_ok=True)  # a folder is replaced only if it is empty
        os.replace(unfinished, workdir)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def drawn_arrays(workdir: pathlib.Path) -> list[str]:
    """Names of the arrays of a converted network that its file did not have; empty for any other run."""
    if not (workdir / SOURCE).is_file():
        return []
    return read_object(workdir / SOURCE, "convert the file again").get(DRAWN, [])


def write_note(workdir: pathlib.Path, name: str, content: Mapping[str, Any]) -> None:
    """Writes a JSON note to a workdir."""
    workdir.mkdir(parents=True, exist_ok=True)
    with open_atomically(workdir / name) as file:
        file.write(json.dumps(content, indent=1) + "\n")
