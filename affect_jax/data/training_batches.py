"""Endless training batches that can be left and taken up at any number, read by threads or by worker processes."""

import re
import sys
import threading
from typing import Any

import grain
from absl import flags

from affect_jax.data.training_rows import Built, TrainingRows
from affect_jax.data.unreadable import UnreadableImages
from affect_jax.data.workers import leave_reading_threads, start_worker, stop_signals_blocked
from affect_jax.types import Batch

PREFETCHED_BATCHES = 3  # minimum for threads; each builds one batch at a time
PREFETCHED_BY_WORKER = 1  # finished batches that wait in each worker process
NUMBER = "next_index"  # in the state of the stream: how many batches were taken
CLOSING_SECONDS = 2.0  # a worker may be stuck in a read for longer; it then ends with this process
DIED = re.compile(r"Worker process was terminated unexpectedly with exit code (-?\d+)")  # message of Grain


class TrainingBatches(grain.DatasetIterator[Batch]):
    """The batches that `rows` builds out of `draws`, which are indexed by the number of the batch.

    The state is that number alone, whatever reads the batches. `workers` processes build whole batches in turn; with
    none, `threads` of this process do.
    """

    def __init__(
        self, draws: grain.MapDataset, rows: TrainingRows, unreadable: UnreadableImages, threads: int, workers: int
    ):
        super().__init__()
        self._built, self._rows, self._unreadable = draws.map_with_index(rows), rows, unreadable
        self._threads, self._workers = threads, workers
        self._number, self._reader = 0, None
        if workers and not flags.FLAGS.is_parsed():
            flags.FLAGS.mark_as_parsed()  # Grain reads its flags when a worker starts; in a notebook, nobody parsed any
        self._reading()  # Grain imports what it needs here, and not later in a thread

    def __next__(self) -> Batch:
        """Returns the next batch; ChildProcessError if a worker has died, ValueError for too many unreadable images."""
        self._assert_not_closed()
        if self._reader is None:
            self._reader = iter(self._reading())
            with stop_signals_blocked():  # the workers start now
                built = self._take()
        else:
            built = self._take()
        self._unreadable.record(built.unreadable)
        self._number += 1
        return self._rows.batch(built.leaves)

    def get_state(self) -> dict[str, int]:
        """The number of batches taken."""
        return {NUMBER: self._number}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues at a batch; states of any number of workers and processes are alike.

        ValueError if the state is not that of such batches.
        """
        number = state.get(NUMBER)
        if not isinstance(number, int) or number < 0:
            raise ValueError(
                f"the position in the data is {state}; expected the number of batches taken, as {{'{NUMBER}': 8}}: "
                "the checkpoint belongs to other data or another version: train from scratch in another --workdir"
            )
        self._stop()
        self._number = number

    def close(self) -> None:
        """Ends the threads or workers, waiting for a moment at most."""
        self._closed = True
        self._stop()

    def __del__(self):
        if not sys.is_finalizing():  # Python starts no threads then, and Grain ends its workers itself
            self.close()

    def _reading(self) -> grain.IterDataset:
        rest = self._built[self._number :]
        if not self._workers:
            ahead = max(PREFETCHED_BATCHES, self._threads)
            return rest.to_iter_dataset(grain.ReadOptions(num_threads=self._threads, prefetch_buffer_size=ahead))
        options = grain.MultiprocessingOptions(self._workers, per_worker_buffer_size=PREFETCHED_BY_WORKER)
        in_turn = rest.to_iter_dataset(grain.ReadOptions(num_threads=0, prefetch_buffer_size=0))
        return in_turn.mp_prefetch(options, worker_init_fn=start_worker)

    def _take(self) -> Built:
        try:
            return next(self._reader)
        except RuntimeError as error:
            if died := DIED.search(str(error)):
                raise ChildProcessError(
                    f"a worker process that reads training data ended with exit code {died[1]} (-9: stopped, perhaps "
                    "for lack of memory; -7: /dev/shm is full); run the same command again, with a smaller "
                    "config.data.workers if it happens again"
                ) from None
            raise

    def _stop(self) -> None:
        reader, self._reader = getattr(self, "_reader", None), None
        if reader is None:
            return
        if not self._workers:
            reader.close()
            leave_reading_threads()
            return
        closing = threading.Thread(target=reader.close, daemon=True)
        closing.start()
        closing.join(CLOSING_SECONDS)
