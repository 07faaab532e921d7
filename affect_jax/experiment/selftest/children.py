"""Trainings in processes of their own, which are watched and killed."""

import collections
import contextlib
import dataclasses
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from affect_jax.experiment.selftest import phases
from affect_jax.experiment.selftest.phases import KILLED_IN, Seen
from affect_jax.train.loop_config import TrainConfig

POLL_SECONDS = 0.01
LATEST_START = 0.8  # of all steps: later ones might end the run before the phase comes


class ChildFailed(OSError):
    """A training ended by itself with an error; the message shows its log."""


@dataclasses.dataclass(frozen=True)
class Point:
    """When to kill: so many seconds after the first entry into a phase at or after a step."""

    phase: str
    step: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Kill:
    """A kill as it happened."""

    seen: Seen
    seconds: float  # since the start of that process


def draw_points(count: int, seed: int, steps: int, durations: Mapping[str, float]) -> list[Point]:
    """Draws points over the whole run, in the order of their steps, with each phase equally often.

    `durations` are the seconds that each phase lasts, in which the moment of the kill is drawn.
    """
    generator = np.random.default_rng(seed)
    order = [KILLED_IN[place] for _ in range(count) for place in generator.permutation(len(KILLED_IN))]
    steps_drawn = np.sort(generator.integers(0, max(int(LATEST_START * steps), 1), count))
    shares = generator.random(count)
    points = zip(order[:count], steps_drawn, shares, strict=True)
    return [Point(phase, int(step), float(share) * durations.get(phase, 0.0)) for phase, step, share in points]


class Child:
    """A training in `workdir` by the config file, with its output in a log of its own."""

    def __init__(self, config_file: pathlib.Path, workdir: pathlib.Path, log: pathlib.Path, config: TrainConfig):
        self.workdir, self.log, self.config = workdir, log, config
        # Unbuffered, so that the last line of the log is what was written last.
        self._call = [sys.executable, "-u", "-m", "launch.train", f"--config={config_file}", f"--workdir={workdir}"]

    def finish(self) -> dict[str, float]:
        """Runs to the end; returns how long each phase lasts on average. ChildFailed if it does not end with 0."""
        lengths = collections.defaultdict(list)
        with self._started() as process:
            current, since = "", time.monotonic()
            while process.poll() is None:
                time.sleep(POLL_SECONDS)
                if (phase := self._see().phase) != current:
                    lengths[current].append(time.monotonic() - since)
                    current, since = phase, time.monotonic()
            self._require_success(process)
        return {phase: float(np.mean(seconds)) for phase, seconds in lengths.items() if phase}

    def kill_at(self, point: Point) -> Kill | None:
        """Runs until a point, where it is killed (SIGKILL); None if the run is complete before."""
        start, entered = time.monotonic(), None
        with self._started() as process:
            while process.poll() is None:
                time.sleep(POLL_SECONDS)
                seen = self._see()
                if entered is None and seen.phase == point.phase and seen.step >= self._least_step(point):
                    entered = time.monotonic()
                if entered is not None and time.monotonic() - entered >= point.seconds:
                    process.kill()
                    process.wait()
                    return Kill(self._see(), time.monotonic() - start)  # what it has written now stays as it is
            self._require_success(process)
        return None

    def _least_step(self, point: Point) -> int:
        return 0 if point.phase == phases.COMPILATION else point.step  # each process compiles once, wherever it starts

    def _see(self) -> Seen:
        return phases.observe(self.workdir, self.log, self.config)

    @contextlib.contextmanager
    def _started(self) -> Iterator[subprocess.Popen]:
        with self.log.open("w") as output:
            process = subprocess.Popen(self._call, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def _require_success(self, process: subprocess.Popen) -> None:
        if process.returncode:
            lines: Sequence[str] = self.log.read_text(errors="replace").strip().splitlines() or ["no output"]
            raise ChildFailed(f"the training ended with exit code {process.returncode}: {lines[-1]} (in {self.log})")
