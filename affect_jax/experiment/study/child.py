"""Commands that a sweep starts: each in a session of its own, stopped by one SIGTERM after which it saves."""

import dataclasses
import pathlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence

POLL_SECONDS = 0.5
STOPPED = 75  # exit code of a command that has saved and can be resumed
BY_SIGTERM = (-signal.SIGTERM, 128 + signal.SIGTERM)  # before a command could save anything; the latter through srun
Quit = Callable[[], bool]


class Stop:
    """Counts the requests to stop; a second one stops the children at once."""

    def __init__(self):
        self.requests = 0
        self._event = threading.Event()

    def request(self, *_) -> None:
        """Asks all workers to stop; a signal handler."""
        self.requests += 1
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Waits, but not longer than until a request; returns whether there was one."""
        return self._event.wait(seconds)


@dataclasses.dataclass(frozen=True)
class Starter:
    """How commands are started."""

    stop: Stop
    prefix: Sequence[str] = ()  # such as srun with its options
    environment: Mapping[str, str] | None = None  # None: that of this process


def command(name: str, *words: str) -> list[str]:
    """The command line of one of our commands."""
    return [sys.executable, "-m", f"launch.{name}", *words]


def run(words: Sequence[str], log: pathlib.Path, starter: Starter, lock: int | None, finished_early: Quit) -> int:
    """Runs a command, with its output in `log`; returns its exit code.

    `finished_early` is asked now and then whether to end the command although it has not finished. The child keeps
    the descriptor `lock`. A session of its own keeps the Ctrl-C of a terminal from it: it is asked to stop once.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*starter.prefix, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=starter.environment,
            start_new_session=True,
            pass_fds=() if lock is None else (lock,),
        )
        return _wait(process, starter.stop, finished_early)


def _wait(process: subprocess.Popen, stop: Stop, finished_early: Quit) -> int:
    sent = 0
    while True:
        wanted = max(stop.requests, int(finished_early()))
        while sent < wanted:
            process.terminate()
            sent += 1
        try:
            return process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue
