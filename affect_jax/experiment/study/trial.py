"""A trial of a sweep: the folder of its run, how it ended, and the lock by which one worker at a time has it."""

import contextlib
import dataclasses
import json
import pathlib
import time
from collections.abc import Iterator

from affect_jax.experiment.config.claim import write_config
from affect_jax.experiment.config.space import Point
from affect_jax.experiment.study.plan import OTHER_RUN, Plan
from affect_jax.files.atomic import open_atomically
from affect_jax.files.json_files import read_object
from affect_jax.files.locks import Held, locked

DONE, FAILED, PRUNED = "done", "failed", "pruned"  # how a trial ends
UNFINISHED, WAITING = "unfinished", "waiting"  # has begun or not, and is to be taken up
SUMMARY = pathlib.Path("evaluation") / "sweep" / "summary.json"  # of the final evaluation, in the folder of the run
OUTCOME, LOG, CONFIG, LOCK = "trial.json", "trial.log", "trial_config.json", ".trial.lock"  # in the folder of the run
ADVICE = "remove it and run the same command again"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a trial ended."""

    state: str
    error: str = ""  # the last sentence of a failed one


@dataclasses.dataclass(frozen=True)
class Trial:
    """Point number `number` of the sweep in `workdir`."""

    number: int
    point: Point
    workdir: pathlib.Path

    @property
    def name(self) -> str:
        return f"{self.number:03d}"

    @property
    def folder(self) -> pathlib.Path:
        """The workdir of its run."""
        return self.workdir / self.name

    @property
    def starts_from(self) -> list[int]:
        """The numbers of the other trials of the sweep that it needs."""
        texts = [value for value in self.point.values() if isinstance(value, str)]
        return [int(number) for text in texts for number in OTHER_RUN.findall(text)]

    def outcome(self) -> Outcome | None:
        """How it ended; None if it has not. ValueError if the file that says so is damaged."""
        path = self.folder / OUTCOME
        if not path.is_file():
            return None
        found = read_object(path, ADVICE)
        return Outcome(str(found.get("state")), str(found.get("error", "")))

    @property
    def state(self) -> str:
        """One of the states above."""
        if outcome := self.outcome():
            return outcome.state
        return UNFINISHED if (self.folder / LOG).is_file() else WAITING

    def end(self, outcome: Outcome) -> None:
        """Writes how it ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open_atomically(self.folder / OUTCOME) as file:
            file.write(json.dumps({**dataclasses.asdict(outcome), "ended": time.time()}) + "\n")

    def take_up_again(self) -> None:
        """Lets a trial that has ended be taken up again."""
        (self.folder / OUTCOME).unlink(missing_ok=True)

    def write_config(self, plan: Plan) -> pathlib.Path:
        """Writes the config that its run is trained with; returns the path."""
        path = self.folder / CONFIG
        write_config(path, plan.config_at(self.point, self.workdir))
        return path

    @contextlib.contextmanager
    def held(self) -> Iterator[int | None]:
        """Holds the trial; Held if another worker has it. Yields the descriptor of the lock, for a child to keep.

        A child that outlives its worker keeps the trial until it ends.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / LOCK) as file:
            yield None if file is None else file.fileno()


def try_to_hold(trial: Trial, stack: contextlib.ExitStack) -> tuple[bool, int | None]:
    """Whether the trial could be held until `stack` is closed, and the descriptor of its lock."""
    try:
        return True, stack.enter_context(trial.held())
    except Held:
        return False, None


def last_sentence(log: pathlib.Path, code: int) -> str:
    """Why a command that wrote `log` and ended with `code` failed, in one sentence."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    for line in reversed(lines):
        if line.startswith("error: "):
            return line.removeprefix("error: ")
    if code < 0:
        return f"ended by signal {-code}"
    return next((line.strip() for line in reversed(lines) if line.strip()), f"ended with code {code}")
