"""The trials of a sweep whose points are listed: each worker takes the first that nobody has and nothing holds up."""

import contextlib
import pathlib
from collections.abc import Sequence

from affect_jax.experiment.config.space import Point
from affect_jax.experiment.study.trial import DONE, UNFINISHED, WAITING, Trial, try_to_hold

Taken = tuple[Trial, int | None]  # a trial and the descriptor of its lock


class Listed:
    """The trials at listed points, in their order."""

    def __init__(self, points: Sequence[Point], workdir: pathlib.Path):
        self._trials = [Trial(number, point, workdir) for number, point in enumerate(points)]

    def trials(self) -> list[Trial]:
        """All trials of the sweep."""
        return self._trials

    def left(self) -> int:
        """How many trials have not ended."""
        return len([trial for trial in self._trials if trial.state in (UNFINISHED, WAITING)])

    def take(self, stack: contextlib.ExitStack) -> Taken | None:
        """Holds a trial until `stack` is closed; None if there is none that can start now."""
        return first_free([trial for trial in self._trials if self._is_ready(trial)], stack)

    def hindrance(self, trial: Trial) -> str:
        """Why a trial cannot be trained: one that it starts from has failed, or is none; "" if it can."""
        for number in trial.starts_from:
            if number >= len(self._trials):
                return f"starts from run {number:03d}, which is not in the sweep"
            if self._trials[number].state != DONE:
                return f"starts from run {number:03d}, which {self._trials[number].state}"
        return ""

    def finish(self, trial: Trial) -> None:
        """What else is to be done once a trial has ended: nothing, as the points are fixed."""

    def report(self, trial: Trial) -> bool:
        """Whether a trial is to end early because of its scores so far: never, as each was asked for."""
        return False

    def _is_ready(self, trial: Trial) -> bool:
        """Whether all trials that it starts from have ended."""
        needed = [self._trials[number] for number in trial.starts_from if number < len(self._trials)]
        return all(other.state not in (UNFINISHED, WAITING) for other in needed)


def first_free(trials: Sequence[Trial], stack: contextlib.ExitStack) -> Taken | None:
    """Holds the first of the trials that has not ended and that no other worker has."""
    for trial in trials:
        if trial.state not in (UNFINISHED, WAITING):
            continue
        attempt = contextlib.ExitStack()
        held, lock = try_to_hold(trial, attempt)
        if held and trial.state in (UNFINISHED, WAITING):  # nobody ended it in between
            stack.push(attempt)
            return trial, lock
        attempt.close()
    return None
