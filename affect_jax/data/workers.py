"""What workers of a loader need: processes outlive no parent and leave signals to it, and threads hold up nobody."""

import concurrent.futures.thread
import contextlib
import multiprocessing
import multiprocessing.dummy  # this and the next: imported by the first start of a process otherwise, in a thread
import multiprocessing.popen_spawn_posix
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker

import jax

GRAIN_THREADS = "grain-prefetch"  # how their names begin
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def stop_signals_blocked() -> Iterator[None]:
    """Blocks SIGTERM and SIGINT in this thread, and for good in the processes that are started meanwhile.

    Schedulers and terminals signal all processes of a run. Only the main one may answer, or it would find its workers
    dead instead of saving.
    """
    resource_tracker.ensure_running()  # its start unblocks them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_reading_threads() -> None:
    """Lets this process end while threads of Grain are stuck in a read; they are daemons, which end with it.

    Python waits for the threads of every pool all the same, as long as the pool's module lists them.
    """
    waited_for = getattr(concurrent.futures.thread, "_threads_queues", {})
    for thread in [thread for thread in waited_for if thread.name.startswith(GRAIN_THREADS)]:
        waited_for.pop(thread, None)


def start_worker(_number: int, _count: int) -> None:
    """Prepares a worker process."""
    jax.config.update("jax_platforms", "cpu")  # should a source compute with JAX: accelerators belong to the trainer
    threading.Thread(target=_leave_with_parent, name="parent watch", daemon=True).start()


def _leave_with_parent() -> None:
    """Ends this process once its parent has, however that ended."""
    multiprocessing.parent_process().join()
    os._exit(1)
