"""Hands the newest frame from the thread that captures to the one that predicts."""

import contextlib
import threading
from collections.abc import Iterable, Iterator

from affect_jax.predict.live.pace import Captured

POLL_SECONDS = 0.2  # between two looks at whether the user has stopped the session


class Newest:
    """A place for one frame: the next one replaces a frame that was not taken in time, which counts as dropped."""

    def __init__(self, stop: threading.Event):
        """`stop`: set by whoever ends the session; frames that are still waiting are then given up."""
        self.captured = 0
        self.dropped = 0
        self.error: Exception | None = None  # that ended the capture
        self._stop = stop
        self._changed = threading.Condition()
        self._waiting: Captured | None = None
        self._ended = False

    def put(self, captured: Captured) -> None:
        """Takes the next frame of the source."""
        with self._changed:
            self.captured += 1
            self.dropped += self._waiting is not None
            self._waiting = captured
            self._changed.notify()

    def end(self, error: Exception | None = None) -> None:
        """Says that no frame follows."""
        with self._changed:
            self._ended, self.error = True, error
            self._changed.notify()

    def take(self) -> Captured | None:
        """Waits for the next frame; None if there is none any more, or the session was stopped."""
        with self._changed:
            while self._waiting is None and not self._ended and not self._stop.is_set():
                self._changed.wait(POLL_SECONDS)
            taken, self._waiting = self._waiting, None
            return None if self._stop.is_set() else taken

    @contextlib.contextmanager
    def follow(self, source: Iterable[Captured]) -> Iterator[threading.Thread]:
        """Captures in another thread until the source ends or fails; stops the session and the thread at the exit."""
        thread = threading.Thread(target=self._capture, args=[source], name="capture", daemon=True)
        thread.start()
        try:
            yield thread
        finally:
            self._stop.set()
            thread.join()

    def _capture(self, source: Iterable[Captured]) -> None:
        try:
            for captured in source:
                if self._stop.is_set():
                    break
                self.put(captured)
        except Exception as error:  # of any kind: the thread that predicts raises it
            self.end(error)
        else:
            self.end()

    def __iter__(self) -> Iterator[Captured]:
        """Yields the newest frame whenever one is asked for, in order."""
        while (captured := self.take()) is not None:
            yield captured
