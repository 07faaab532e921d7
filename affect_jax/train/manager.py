"""Orbax's manager of a run's checkpoints: what a checkpoint holds, which are kept, and which device writes an array."""

import functools
import pathlib
from collections.abc import Callable

import jax
import orbax.checkpoint as ocp

ARRAYS = ("network", "optimizer", "task", "running", "faults")  # items of a checkpoint
NOTES = ("data", "certificate", "pending")
REMOVED = "removed"  # folder of checkpoints that are no longer kept, until their files are removed


def open_manager(folder: pathlib.Path, before_publishing: Callable[[], None]) -> ocp.CheckpointManager:
    """Opens the checkpoints in `folder`; `before_publishing` is called when one is complete but has no name yet."""
    _write_from_one_device()
    handlers = {name: ocp.StandardCheckpointHandler() for name in ARRAYS}
    handlers |= {name: ocp.JsonCheckpointHandler() for name in NOTES}
    return ocp.CheckpointManager(folder.absolute(), options=_latest_and_best(before_publishing), item_handlers=handlers)


def saved_steps(folder: pathlib.Path) -> list[int]:
    """Steps of the complete checkpoints in `folder`, in order."""
    return sorted(int(step.name) for step in folder.glob("*") if step.name.isdecimal())


def _latest_and_best(before_publishing: Callable[[], None]) -> ocp.CheckpointManagerOptions:
    """Options that keep the latest checkpoint and the one with the highest "score"."""
    policies = ocp.checkpoint_managers
    best = policies.BestN(get_metric_fn=lambda metrics: metrics["score"], n=1, keep_checkpoints_without_metrics=False)
    return ocp.CheckpointManagerOptions(
        preservation_policy=policies.AnyPreservationPolicy([policies.LatestN(1), best]),
        best_fn=lambda metrics: metrics["score"],
        best_mode="max",
        async_options=ocp.AsyncOptions(post_finalization_callback=before_publishing),
        # Renamed at once: a process killed while files are removed one by one would leave a damaged checkpoint.
        todelete_subdir=REMOVED,
    )


@functools.cache  # Orbax knows one handler for all of a process, and warns each time that it is replaced
def _write_from_one_device() -> None:
    """Makes Orbax write each array that several devices hold whole from the first of them.

    By default it cuts such arrays into a slice for each device and compiles a program for each slice: at the first
    checkpoint on eight devices, 96 programs for 12 small arrays, and 3.3 s of processor time instead of 0.07.
    """
    handler = ocp.type_handlers.ArrayHandler(use_replica_parallel=False)
    ocp.type_handlers.register_type_handler(jax.Array, handler, override=True)
