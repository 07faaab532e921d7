"""The next batch, fetched by a thread of its own, so that a signal is noticed while the data are waited for."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from affect_jax.types import Batch

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0  # for the batch that is waited for when a signal comes; most are there at once


@runtime_checkable
class Stream(Protocol):
    """Endless training batches whose place can be stored."""

    def __next__(self) -> Batch: ...
    def get_state(self) -> dict: ...
    def set_state(self, state: dict) -> None: ...


class Fetcher:
    """Takes batches out of an iterator one at a time, none before it is asked for.

    `data_state` is the place of the iterator after the last batch that was handed out, whatever its thread does.
    """

    def __init__(self, batches: Iterator[Batch] | Stream):
        self._batches, self.data_state = batches, batches.get_state()
        self._requests, self._answers = queue.SimpleQueue(), queue.SimpleQueue()
        # A daemon: the process can end while it is stuck in a read that never returns.
        threading.Thread(target=self._serve, name="fetcher", daemon=True).start()

    def __enter__(self) -> "Fetcher":
        return self

    def __exit__(self, *_) -> None:
        self._requests.put(False)

    def _serve(self) -> None:
        while self._requests.get():
            try:
                self._answers.put((next(self._batches), None))
            except BaseException as error:  # raised again where the batch is waited for
                self._answers.put((None, error))

    def next(self, stopping: Callable[[], bool]) -> Batch | None:
        """The next batch, or the error of its iterator; None when it has not come GRACE_SECONDS after `stopping`.

        After None no other batch can be asked for.
        """
        self._requests.put(True)
        patience = GRACE_SECONDS
        while patience > 0:
            try:
                batch, error = self._answers.get(timeout=POLL_SECONDS)
            except queue.Empty:
                patience -= POLL_SECONDS if stopping() else 0
                continue
            if error is not None:
                raise error
            self.data_state = self._batches.get_state()
            return batch
        return None
