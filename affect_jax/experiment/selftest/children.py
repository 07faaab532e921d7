"""Trainings in processes of their own, which are watched and killed."""

import collections
import contextlib
import dataclasses
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from affect_jax.experiment.selftest import phases
from affect_jax.experiment.selftest.phases import Seen
from affect_jax.experiment.selftest.points import Point
from affect_jax.train.loop_config import TrainConfig

POLL_SECONDS = 0.01
SAVED = 75  # the exit code of a training that a signal stopped after saving
LEAVE_SECONDS = 600.0  # in which all processes must have left after one was interrupted; most often a few


class ChildFailed(OSError):
    """A training ended by itself with an error, or did not end when it should; the message shows its log."""


@dataclasses.dataclass(frozen=True)
class Kill:
    """An interruption as it happened."""

    point: Point
    seen: Seen
    seconds: float  # since the start of those processes
    leaving_seconds: float  # until the last one had left


class Child:
    """A training in `workdir` by the config file, in one process or several, each with its output in a log."""

    def __init__(
        self,
        config_file: pathlib.Path,
        workdir: pathlib.Path,
        log: pathlib.Path,
        config: TrainConfig,
        processes: int = 1,
    ):
        self.workdir, self.config = workdir, config
        several = [log.with_name(f"{log.stem}_process_{number}{log.suffix}") for number in range(processes)]
        self.logs = [log] if processes == 1 else several
        # Unbuffered, so that the last line of the log is what was written last.
        self._call = [sys.executable, "-u", "-m", "launch.train", f"--config={config_file}", f"--workdir={workdir}"]

    def finish(self) -> dict[str, float]:
        """Runs to the end; returns how long each phase lasts on average. ChildFailed if it does not end with 0."""
        lengths = collections.defaultdict(list)
        with self._started() as processes:
            current, since = "", time.monotonic()
            while _all_run(processes):
                time.sleep(POLL_SECONDS)
                if (phase := self._see().phase) != current:
                    lengths[current].append(time.monotonic() - since)
                    current, since = phase, time.monotonic()
            self._require(processes, [{0}] * len(processes))
        return {phase: float(np.mean(seconds)) for phase, seconds in lengths.items() if phase}

    def kill_at(self, point: Point) -> Kill | None:
        """Runs until a point, where a process gets its signal; None if the run is complete before all have left.

        ChildFailed if a process ends in another way than after such a signal.
        """
        start, entered = time.monotonic(), None
        with self._started() as processes:
            while _all_run(processes):
                time.sleep(POLL_SECONDS)
                seen = self._see()
                if entered is None and seen.phase == point.phase and seen.step >= self._least_step(point):
                    entered = time.monotonic()
                if entered is not None and time.monotonic() - entered >= point.seconds:
                    return self._kill(processes, point, start)
            self._require(processes, [{0}] * len(processes))
        return None

    def _kill(self, processes: Sequence[subprocess.Popen], point: Point, start: float) -> Kill | None:
        processes[point.process].send_signal(point.signal)
        if point.signal == signal.SIGKILL:
            processes[point.process].wait()  # what it has written now stays as it is
        killed, seen = time.monotonic(), self._see()
        self._require(processes, [_right_codes(point, number) for number in range(len(processes))])
        if not any(process.returncode for process in processes):
            return None
        return Kill(point, seen, killed - start, time.monotonic() - killed)

    def _least_step(self, point: Point) -> int:
        return 0 if point.phase == phases.COMPILATION else point.step  # each process compiles once, wherever it starts

    def _see(self) -> Seen:
        return phases.observe(self.workdir, self.logs[0], self.config)  # process 0 writes what there is to see

    @contextlib.contextmanager
    def _started(self) -> Iterator[list[subprocess.Popen]]:
        processes: list[subprocess.Popen] = []
        coordinator = f"--coordinator=127.0.0.1:{_free_port()}"
        try:
            for number, log in enumerate(self.logs):
                place = [coordinator, f"--processes={len(self.logs)}", f"--process={number}"]
                call = self._call if len(self.logs) == 1 else [*self._call, *place]
                with log.open("w") as output:
                    process = subprocess.Popen(call, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
                processes.append(process)
            yield processes
        finally:
            for process in processes:
                process.kill()
                process.wait()

    def _require(self, processes: Sequence[subprocess.Popen], right_codes: Sequence[Collection[int]]) -> None:
        """Waits until the processes have ended; ChildFailed if one does not, or ends with another exit code."""
        end = time.monotonic() + LEAVE_SECONDS
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(end - time.monotonic(), 0.0))
        for process, log, right in zip(processes, self.logs, right_codes, strict=True):
            if process.returncode is None:
                raise ChildFailed(f"{log.stem}: the training did not end within {LEAVE_SECONDS:.0f} s (see {log})")
            if process.returncode not in right:
                lines: Sequence[str] = log.read_text(errors="replace").strip().splitlines() or ["no output"]
                raise ChildFailed(f"the training ended with exit code {process.returncode}: {lines[-1]} (in {log})")


def _right_codes(point: Point, process: int) -> Collection[int]:
    """With which exit codes a process may end after a signal to one of them; 0 if all was done before."""
    if point.signal == signal.SIGTERM:
        return {0, SAVED}
    return {0, -signal.SIGKILL} if process == point.process else {0, 1}


def _all_run(processes: Sequence[subprocess.Popen]) -> bool:
    return all(process.poll() is None for process in processes)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
