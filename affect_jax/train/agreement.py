"""What the processes of one training run agree on: who writes, when they leave, and that an error ends all of them.

Everything but numbers goes through the key-value store of JAX's coordination service, which lives in process 0. With
one process, none of these functions waits for anything.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator

import jax
import numpy as np
import orbax.checkpoint as ocp
from jax.experimental import multihost_utils

from affect_jax.train import beside
from affect_jax.train.signals import Batch, Signals

FAILURE, SEEN = "affect_jax/failure", "affect_jax/failure_seen"
LONG_MS = 7 * 24 * 3600 * 1000  # the other processes may be writing a store meanwhile; one that died ends the wait
FAREWELL_SECONDS = 5.0  # how long a process that fails waits until the others know


def is_first() -> bool:
    """Whether this is the process that writes files; the only one, if there is only one."""
    return jax.process_index() == 0


def from_first(name: str, value: str) -> str:
    """Returns the value of process 0, waiting for it; `name` must not be used twice in a run."""
    if jax.process_count() == 1:
        return value
    client, key = ocp.multihost.get_jax_distributed_client(), f"affect_jax/{name}"
    if is_first():
        client.key_value_set(key, value)
        return value
    return client.blocking_key_value_get(key, LONG_MS)


def wait_for_all(name: str) -> None:
    """Waits until every process is here; `name` must not be used twice in a run."""
    if jax.process_count() > 1:
        ocp.multihost.get_jax_distributed_client().wait_at_barrier(f"affect_jax/{name}", LONG_MS)


def decision_of_first(yes: bool) -> bool:
    """Returns what process 0 decides; all must ask at the same point of the program."""
    return bool(multihost_utils.broadcast_one_to_all(np.int32(yes)))


class SharedSignals(Signals):
    """Signals of several processes: one that any of them receives counts for all from one and the same step on.

    SIGTERM belongs to JAX's preemption service, which a handler of ours would hide it from. It agrees on a look while
    training or an evaluation goes on; until all have taken it, nothing is received.
    """

    def __enter__(self):
        self.received, self._interrupted, self._looks = None, False, 0
        self._before = {signal.SIGINT: signal.signal(signal.SIGINT, self._pass_on)}
        return self

    def _pass_on(self, _number, _frame):
        if self._interrupted:
            raise KeyboardInterrupt
        self._interrupted = True
        os.kill(os.getpid(), signal.SIGTERM)

    def look(self) -> None:
        """Notes a signal that counts from now on; every process must call it once after each step."""
        self._looks += 1
        if multihost_utils.reached_preemption_sync_point(self._looks):
            self.received = signal.SIGTERM

    def watch(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yields the batches of an evaluation, of which every process must pass equally many.

        Raises Abandoned once a signal counts: in all processes before the same batch, so that none leaves alone.
        """
        for batch in batches:
            self.look()
            if self.stopping():
                raise beside.Abandoned
            yield batch


def shared_signals() -> Signals:
    """The signals of a run with any number of processes, not yet entered."""
    return Signals() if jax.process_count() == 1 else SharedSignals()


class SharedFate:
    """An error of one process ends all of them. The numbers are given, because asking JAX would set up its devices."""

    def __init__(self, process: int, processes: int):
        self._process, self._processes = process, processes
        self._client = ocp.multihost.get_jax_distributed_client()

    def watch(self) -> None:
        """Ends this process, with the sentence and exit code of another one that fails; in a thread, until the end."""
        threading.Thread(target=self._watch, name="failure watch", daemon=True).start()

    def announce(self, sentence: str, code: int) -> None:
        """Tells the other processes why this one fails, and waits until they know; the first failure counts."""
        failure = {"process": self._process, "code": code, "sentence": sentence}
        with contextlib.suppress(Exception):  # another one failed before, or process 0 has ended
            self._client.key_value_set(FAILURE, json.dumps(failure))
        with contextlib.suppress(Exception):
            self._part()

    def _watch(self) -> None:
        try:
            failure = json.loads(self._client.blocking_key_value_get(FAILURE, LONG_MS))
        except Exception:  # the run has ended
            return
        if failure["process"] == self._process:
            return
        sys.stderr.write(f"error: process {failure['process']}: {failure['sentence']}\n")
        sys.stderr.flush()
        try:
            self._part()
        finally:
            os._exit(failure["code"])

    def _part(self) -> None:
        """Waits until all processes know of the failure: the connection of the others ends with process 0."""
        self._client.key_value_set(f"{SEEN}/{self._process}", "", allow_overwrite=True)
        end = time.monotonic() + FAREWELL_SECONDS
        while len(self._client.key_value_dir_get(SEEN)) < self._processes and time.monotonic() < end:
            time.sleep(0.1)
        if self._process == 0:
            time.sleep(0.5)  # for their last look
