"""When the frames of a recording are due, as if it were happening now."""

import dataclasses
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from affect_jax.predict.sources import Frame


@runtime_checkable
class Clock(Protocol):
    """Seconds that never run backwards."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SteadyTime:
    """The clock of the machine; `stop` ends a sleep."""

    def __init__(self, stop: threading.Event):
        self._stop = stop

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)


@dataclasses.dataclass(frozen=True)
class Captured:
    """A frame and the time of the clock at which it was there."""

    frame: Frame
    seconds: float


def pace(frames: Iterable[Frame], clock: Clock) -> Iterator[Captured]:
    """Yields the frames of a recording when they are due by their time stamps, counted from the first one.

    A frame that was decoded too late was there when it was due: its latency counts from then on.
    """
    start = None
    for frame in frames:
        if start is None:
            start = clock.now() - frame.time_seconds
        due = start + frame.time_seconds
        early = due - clock.now()
        if early > 0:
            clock.sleep(early)
        yield Captured(frame, due)
