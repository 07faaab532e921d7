"""The clock of a run: how long it still takes, and when the next checkpoint is due. It never changes the training."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax

MEASURED_STEPS, MEASURED_SECONDS = 10, 5.0  # the estimate comes after so many steps, or so much time


class Pace:
    """Measures the first steps after compilation, and says once how long the others will take."""

    def __init__(self, step: int, steps: int, say: Callable[[str], None]):
        self._first, self._steps, self._say = step + 1, steps, say
        self._start: float | None = None
        self._done = False

    def note(self, step: int, terms: Any) -> None:
        """Notes that `step` was started; `terms` are its results, which are waited for where a time is read."""
        if self._done:
            return
        if self._start is None:
            jax.block_until_ready(terms)
            self._start = time.monotonic()
            return
        count = step - self._first
        if count < MEASURED_STEPS and time.monotonic() - self._start < MEASURED_SECONDS:
            return
        jax.block_until_ready(terms)
        seconds = (time.monotonic() - self._start) / count
        left = seconds * (self._steps - step)
        self._say(f"{seconds:.2g} s a step: about {duration(left)} left, without evaluations")
        self._done = True

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the time of something else out."""
        begin = time.monotonic()
        yield
        if self._start is not None:
            self._start += time.monotonic() - begin


def duration(seconds: float) -> str:
    """A rough duration for a person: 40 s, 12 min or 3.5 h."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class SaveClock:
    """Tells when the last checkpoint is older than so many minutes; 0: never."""

    def __init__(self, minutes: float):
        self._seconds = 60 * minutes
        self.restart()

    def restart(self) -> None:
        """Starts the time again, after a checkpoint."""
        self._saved = time.monotonic()

    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return bool(self._seconds) and time.monotonic() - self._saved >= self._seconds
