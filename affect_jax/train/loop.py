"""The training loop: runs the step on batches, logs metrics, saves checkpoints and handles signals."""

import dataclasses
import math
import signal
from collections.abc import Callable, Collection, Iterator, Mapping

import jax
from absl import logging

from affect_jax.nn.network import Variables
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.fetch import Fetcher, Stream
from affect_jax.train.journal import Journal
from affect_jax.train.pace import Pace, SaveClock
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState
from affect_jax.train.step import Step
from affect_jax.types import Batch

Evaluation = Callable[[Variables], Mapping[str, float]]


class TrainingDiverged(ArithmeticError):
    """A loss is not finite; the message names the step and the terms."""


class UnknownScore(ValueError):
    """The score that selects the best checkpoint does not exist; the message names those that do."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Length of a run, and how often it logs and evaluates."""

    steps: int = 1000  # length of the run; 0: the initial weights are evaluated and saved unchanged
    log_every: int = 20  # steps between lines in metrics.jsonl
    evaluate_every: int = 500  # steps between evaluations, each followed by a checkpoint
    checkpoint_minutes: float = 10.0  # longest time between checkpoints, which a kill can cost; 0: at evaluations only
    # <evaluation>/<score>: the checkpoint with its highest value is the best; with a leading "-", as in
    # "-validation/nme", the one with its lowest value.
    best: str = "validation/ccc/mean"

    def __post_init__(self):
        for name, least in (("steps", 0), ("log_every", 1), ("evaluate_every", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"train.{name} is {getattr(self, name)}; it must be at least {least}")
        if not self.checkpoint_minutes >= 0:
            raise ValueError(f"train.checkpoint_minutes is {self.checkpoint_minutes}; it must not be negative")

    @property
    def best_evaluation(self) -> str:
        """Name of the evaluation whose score selects the best checkpoint."""
        return self.best.removeprefix("-").partition("/")[0]

    def require_best(self, scores: Collection[str]) -> None:
        """Raises UnknownScore if `best` is not among the scores of the evaluations."""
        if self.best.removeprefix("-") not in scores:
            raise UnknownScore(f"train.best is '{self.best}', but the scores are {', '.join(sorted(scores))}")


class Signals:
    """Records SIGTERM and SIGINT so that the current step can be finished and saved; a second signal stops at once."""

    def __enter__(self):
        self.received: int | None = None
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def _note(self, number, _frame):
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)


class _Progress:
    """How far a run has come: its state, and the terms of the steps that are not logged yet."""

    def __init__(
        self,
        config: TrainConfig,
        state: TrainState,
        checkpoints: Checkpoints,
        journal: Journal,
        evaluations: Mapping[str, Evaluation],
    ):
        self.config, self.state, self.evaluations = config, state, evaluations
        self.checkpoints, self.journal = checkpoints, journal
        self.step: int = int(state.step)
        self.waiting: list[dict] = []
        self.pace, self.saves = Pace(self.step, config.steps, journal.say), SaveClock(config.checkpoint_minutes)

    def advance(self, state: TrainState, terms: dict) -> None:
        """Takes the result of the next step."""
        self.state = state
        self.step += 1
        self.waiting.append(terms)
        self.pace.note(self.step, terms)

    def log(self) -> None:
        """Logs the means of the terms that are not logged yet, if there are any."""
        if not self.waiting:
            return
        fetched = self.fetch_finite()
        self.waiting.clear()
        means = {}
        for name in fetched[0]:
            means[f"train/{name}"] = float(sum(terms[name] for terms in fetched)) / len(fetched)
        self.journal.write(self.step, means)
        self.journal.show({"loss": means["train/loss"]})

    def fetch_finite(self) -> list[dict]:
        """Returns the terms that are not logged yet; TrainingDiverged if one is not finite."""
        fetched = jax.device_get(self.waiting)
        for number, terms in enumerate(fetched, start=self.step - len(fetched) + 1):
            if bad := sorted(name for name, value in terms.items() if not math.isfinite(value)):
                latest = self.checkpoints.latest_step()
                kept = "no checkpoint was saved before"
                if latest is not None:
                    kept = f"the checkpoint of step {latest} is kept"
                raise TrainingDiverged(
                    f"step {number}: {', '.join(bad)} is not finite; {kept}. "
                    "Lower config.optimizer.learning_rate or set config.optimizer.warmup_steps"
                )
        return fetched

    def evaluate(self, data_state: dict) -> None:
        """Writes the scores of all evaluations, and a checkpoint; UnknownScore if `best` is not among them."""
        scores = {}
        with self.pace.paused():
            for name, evaluation in self.evaluations.items():
                scores |= {f"{name}/{score}": value for score, value in evaluation(self.state.scored).items()}
        self.config.require_best(scores)
        self.journal.write(self.step, scores)
        self.save(data_state, scores)

    def save(self, data_state: dict, scores: Mapping[str, float] | None = None) -> None:
        """Saves a checkpoint with the position of the batches."""
        self.checkpoints.save(self.state, data_state, scores)
        self.saves.restart()


def run(
    config: TrainConfig,
    state: TrainState,
    step_function: Step,
    batches: Iterator[Batch] | Stream,
    placement: Placement,
    checkpoints: Checkpoints,
    journal: Journal,
    evaluations: Mapping[str, Evaluation],
) -> tuple[TrainState, bool]:
    """Trains up to `config.steps`; returns the state and whether the run is complete (False: saved on a signal)."""
    progress = _Progress(config, state, checkpoints, journal, evaluations)
    with Signals() as signals, Fetcher(batches) as fetcher:
        if not config.steps and checkpoints.latest_step() is None:
            progress.evaluate(fetcher.data_state)
        stopping = signals.received is not None
        while progress.step < config.steps and not stopping:
            batch = fetcher.next(lambda: signals.received is not None)
            if batch is not None:  # None: a signal ended the wait; the resumed run will request this batch again
                progress.advance(*step_function(progress.state, placement.spread(batch)))
            step = progress.step
            evaluating = batch is not None and (step % config.evaluate_every == 0 or step == config.steps)
            if evaluating or step % config.log_every == 0 or signals.received is not None:
                progress.log()
            journal.advance(step)
            if evaluating:
                progress.evaluate(fetcher.data_state)  # even on a signal: else a saved step would have no score
            stopping = signals.received is not None
            if not evaluating and (stopping or progress.saves.due()):
                progress.fetch_finite()
                progress.save(fetcher.data_state)
        if stopping:
            message = "signal %d: saved at step %d; run the same command to resume"
            logging.warning(message, signals.received, progress.step)
    return progress.state, not stopping
