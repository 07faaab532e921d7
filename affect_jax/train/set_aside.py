"""Goes on from the checkpoint before, where the latest one is damaged."""

import pathlib

from absl import logging

from affect_jax.train.checksums import verify
from affect_jax.train.damage import DamagedCheckpoint, check_complete, reason_of
from affect_jax.train.manager import saved_steps

FOLDER = "damaged"  # in the workdir


def set_aside_damaged(workdir: pathlib.Path) -> None:
    """Moves latest checkpoints that are damaged out of the way, and says so; nothing is deleted.

    DamagedCheckpoint if there is no other one. To be called before a run is resumed, by the process that holds it.
    """
    folder = workdir / "checkpoints"
    steps = saved_steps(folder)
    while steps and (fault := _fault(folder, steps[-1])):
        latest = folder / str(steps.pop())
        if not steps:
            raise DamagedCheckpoint(
                f"the checkpoint {latest} is damaged ({fault}), and there is no other one: restore it from a backup, "
                "or train from scratch in another --workdir"
            )
        place = _free_place(workdir / FOLDER, latest.name)
        place.parent.mkdir(exist_ok=True)
        latest.rename(place)
        message = "the checkpoint %s is damaged (%s): it was moved to %s, and the one of step %d is used"
        logging.warning(message, latest, fault, place, steps[-1])


def _fault(folder: pathlib.Path, step: int) -> str:
    """What is wrong with a checkpoint; empty if nothing is."""
    checkpoint = folder / str(step)
    try:
        if not verify(checkpoint):
            for item in ("network", "optimizer"):  # of an earlier version, without checksums
                check_complete(checkpoint / item)
    # A damaged file can make the underlying libraries raise almost anything.
    except Exception as error:
        return reason_of(error, folder)
    return ""


def _free_place(folder: pathlib.Path, name: str) -> pathlib.Path:
    place, number = folder / name, 1
    while place.exists():
        number += 1
        place = folder / f"{name}-{number}"
    return place
