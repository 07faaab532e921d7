"""Writes checkpoints in the background; a write that fails there is made up for by the next one, or repeated."""

import contextlib
import pathlib
import shutil
from collections.abc import Callable, Mapping
from typing import Any

import orbax.checkpoint as ocp
from absl import logging
from jax import process_count

from affect_jax.files.disk import find_fault
from affect_jax.train.agreement import is_first
from affect_jax.train.damage import SHOWN_CHARACTERS
from affect_jax.train.manager import REMOVED

UNFINISHED = ".orbax-checkpoint-tmp"  # ending of the folder that Orbax renames once it is complete


class NotWritten(OSError):
    """Two checkpoints in a row could not be written; the message says why."""


class Writer:
    """An Orbax manager whose save may fail once.

    After a failure in the background, Orbax's list of checkpoints lacks those that the failed one was to replace, and
    in some versions still holds the failed one, so that a later save of the same step would be skipped. The manager is
    therefore opened again, and reads from the disk what there is.
    """

    def __init__(self, folder: pathlib.Path, open_manager: Callable[[], ocp.CheckpointManager]):
        self._folder, self._open = folder, open_manager
        self.manager = open_manager()
        self.step: int | None = None  # that is being written
        self._last: tuple[Any, ...] = ()
        self._failed = False  # the last write

    def save(self, step: int, items: ocp.args.Composite, metrics: Mapping[str, float] | None) -> None:
        """Starts to write, unless the step is saved; NotWritten if the last two could not be, or what the disk says."""
        self.settle()
        self.empty_removed()
        if step in self.manager.all_steps():
            return
        self.step, self._last = step, (items, metrics)
        try:
            self.manager.save(step, args=items, metrics=metrics, force=True)
        except Exception as error:
            self._note(error)

    def settle(self) -> None:
        """Waits for what is being written."""
        try:
            self.manager.wait_until_finished()
        except Exception as error:
            self._note(error)
        else:
            self._failed = self._failed and self.step not in self.manager.all_steps()

    def finish(self) -> None:
        """Waits for what is being written, and writes it again if it failed; nothing may have used its arrays up."""
        self.settle()
        if self._failed:
            self.save(self.step, *self._last)
            self.settle()
        if self.step is not None:  # else these checkpoints are only read, and another process may write them
            self.empty_removed()
        self.manager.close()

    def abandon(self) -> None:
        """Closes the manager after a failure, without any further error."""
        for end in (self.manager.wait_until_finished, self.manager.close):
            with contextlib.suppress(Exception):  # the failure is known, and Orbax may report it again
                end()

    def remove_unfinished(self) -> None:
        """Removes checkpoints that were never completed, as by a process that was killed; nobody may write one."""
        for unfinished in self._folder.glob(f"*{UNFINISHED}*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        self.empty_removed()

    def empty_removed(self) -> None:
        """Removes the files of checkpoints that are no longer kept."""
        if is_first():
            shutil.rmtree(self._folder / REMOVED, ignore_errors=True)

    def _note(self, error: Exception) -> None:
        """Opens the manager again after a first failure; raises a second one in a row."""
        # A full disk stays full, and the other processes of a run would go on without this one.
        if find_fault(error) is not None or process_count() > 1:
            raise error
        place, reason = self._folder / str(self.step), " ".join(str(error).split())[:SHOWN_CHARACTERS]
        if self._failed:
            raise NotWritten(
                f"{place} could not be written, nor the checkpoint before it ({reason}); the checkpoints written "
                "earlier are kept. Make sure that the file system works, and run the same command again"
            ) from error
        self._failed = True
        message = "%s could not be written (%s); the checkpoints before it are kept, and the next one will be tried"
        logging.warning(message, place, reason)
        self.abandon()
        self.remove_unfinished()
        self.manager = self._open()
