"""Fetches batches in a background thread, so that a signal is noticed while training waits for data."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from affect_jax.types import Batch

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0  # how long the pending batch may still take once a signal has arrived


@runtime_checkable
class Stream(Protocol):
    """Endless training batches whose position can be saved and restored."""

    def __next__(self) -> Batch: ...
    def get_state(self) -> dict: ...
    def set_state(self, state: dict) -> None: ...


class Fetcher:
    """Takes batches from an iterator, one at a time and only on request.

    `data_state` is the position of the iterator after the last batch returned, whatever the thread is doing.
    """

    def __init__(self, batches: Iterator[Batch] | Stream):
        self._batches, self.data_state = batches, batches.get_state()
        self._requests, self._answers = queue.SimpleQueue(), queue.SimpleQueue()
        # A daemon thread, so that the process can exit even if a read never returns.
        threading.Thread(target=self._serve, name="fetcher", daemon=True).start()

    def __enter__(self) -> "Fetcher":
        return self

    def __exit__(self, *_) -> None:
        self._requests.put(False)

    def _serve(self) -> None:
        while self._requests.get():
            try:
                self._answers.put((next(self._batches), None))
            # Raised again in the thread that waits for the batch.
            except BaseException as error:
                self._answers.put((None, error))

    def go_to(self, data_state: dict) -> None:
        """Moves the iterator to a position; not after `next` has returned None."""
        self._batches.set_state(data_state)
        self.data_state = data_state

    def next(self, stopping: Callable[[], bool]) -> Batch | None:
        """Returns the next batch, or None if it has not arrived GRACE_SECONDS after `stopping` became true.

        Raises the iterator's exception, if any. After None, no further batch can be requested.
        """
        self._requests.put(True)
        seconds_left = GRACE_SECONDS
        while seconds_left > 0:
            try:
                batch, error = self._answers.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if stopping():
                    seconds_left -= POLL_SECONDS
                continue
            if error is not None:
                raise error
            self.data_state = self._batches.get_state()
            return batch
        return None
