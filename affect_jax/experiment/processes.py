"""Starts a process as one of several that train together, and ends all of them when one fails."""

import atexit
import contextlib
import ctypes
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator

from absl import logging

from affect_jax.experiment.cli import END_SECONDS, EXIT_INTERRUPTED, describe
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.place import Place, find_place

HEARTBEAT_SECONDS = 60  # a process that was not heard of for so long is taken for dead, and the others end
LOST = re.compile(r"Gloo|UNAVAILABLE|DEADLINE_EXCEEDED|[Cc]oordination ?[Ss]ervice|NCCL")
RESUME = "run the same command again in all processes to resume"
STOPPED = f"error: stopped by JAX for the reason above; most often, another process has ended or never came; {RESUME}\n"


@contextlib.contextmanager
def joined(
    coordinator: str | None, processes: int | None, process: int | None, heartbeat_seconds: int = HEARTBEAT_SECONDS
) -> Iterator[None]:
    """Trains inside together with the other processes that were started, if there are any.

    Must come before anything asks JAX for its devices. An error inside ends all processes, with its sentence.

    Args:
        coordinator: HOST:PORT at which process 0 can be reached; None: what Slurm says, or a single process.
        processes: their number; 1 is a single process, whatever Slurm says.
        process: number of this process, from 0.
        heartbeat_seconds: after this time without a sign of life, a process is taken for dead.
    """
    place = find_place(coordinator, processes, process, os.environ)
    if place is None:
        yield
        return
    import jax

    from affect_jax.train import agreement

    _connect(place, from_slurm=coordinator is None, heartbeat_seconds=heartbeat_seconds)
    fate = agreement.SharedFate(place.process, place.processes)
    fate.watch()
    if place.process and not logging.level_debug():
        logging.set_verbosity(logging.WARNING)
    try:
        yield
        agreement.wait_for_all("end")
    except BaseException as error:
        reason = _explain(error)
        code = _code(reason)
        fate.announce(_sentence(reason), code)
        _leave_alone(code)
        if reason is not error:
            raise reason from error
        raise
    jax.distributed.shutdown()


def _connect(place: Place, from_slurm: bool, heartbeat_seconds: int) -> None:
    import jax

    jax.config.update("jax_enable_preemption_service", True)
    _leave_on_abort()
    try:
        jax.distributed.initialize(*(() if from_slurm else place), heartbeat_timeout_seconds=heartbeat_seconds)
    except RuntimeError as error:
        raise ConnectionError(
            f"process {place.process} of {place.processes} cannot start: {str(error).splitlines()[0]}; the port "
            f"may be in use on {place.coordinator}: choose another one with --coordinator"
        ) from error


def _leave_on_abort() -> None:
    """Makes JAX's abort after the end of another process an exit with code 1, without a core dump.

    A callback that JAX could call ends in std::bad_cast (jaxlib 0.10.2), and Python's own handlers come too late.
    """
    system = ctypes.CDLL(None)
    system.signal.argtypes, system.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    system.signal(signal.SIGABRT, ctypes.cast(_on_abort, ctypes.c_void_p))


@ctypes.CFUNCTYPE(None, ctypes.c_int)
def _on_abort(_number):
    os.write(sys.__stderr__.fileno(), STOPPED.encode())
    os._exit(1)


def _explain(error: BaseException) -> BaseException:
    """The error, or what it means if the connection to another process was lost."""
    if isinstance(error, UsageError) or not isinstance(error, Exception) or not LOST.search(str(error)):
        return error
    return ConnectionError(f"another process has ended or cannot be reached ({str(error).splitlines()[0]}); {RESUME}")


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return describe(error) if str(error) else type(error).__name__


def _code(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    return 2 if isinstance(error, UsageError) else 1


def _leave_alone(code: int) -> None:
    """Makes this process exit without what JAX and Orbax do at the end: they would wait for the others, which left."""
    atexit.register(_exit, code)
    last = threading.Timer(END_SECONDS, _exit, [code])  # threads that save are joined before atexit
    last.daemon = True
    last.start()


def _exit(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
