"""Fetches batches in a background thread, so that a signal is noticed while training waits for data."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from affect_jax.train.beside import GRACE_SECONDS, Abandoned, answer, wait_for_answer
from affect_jax.types import Batch


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
            answer(self._answers, lambda: next(self._batches))

    def go_to(self, data_state: dict) -> None:
        """Moves the iterator to a position; not after `next` has returned None."""
        self._batches.set_state(data_state)
        self.data_state = data_state

    def next(self, stopping: Callable[[], bool]) -> Batch | None:
        """Returns the next batch, or None if it has not arrived GRACE_SECONDS after `stopping` became true.

        Raises the iterator's exception, if any. After None, no further batch can be requested.
        """
        self._requests.put(True)
        try:
            batch = wait_for_answer(self._answers, stopping, GRACE_SECONDS)
        except Abandoned:
            return None
        self.data_state = self._batches.get_state()
        return batch
