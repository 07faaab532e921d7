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
    step, waiting = int(state.step), []  # terms of the steps since the last log line
    pace, saves = Pace(step, config.steps, journal.say), SaveClock(config.checkpoint_minutes)

    def save(scores: Mapping[str, float] | None = None) -> None:
        checkpoints.save(state, fetcher.data_state, scores)
        saves.restart()

    def evaluate() -> None:
        with pace.paused():
            scores = _score(config, evaluations, state.scored)
        journal.write(step, scores)
        save(scores)

    with Signals() as signals, Fetcher(batches) as fetcher:
        if not config.steps and checkpoints.latest_step() is None:
            evaluate()
        stopping = signals.received is not None
        while step < config.steps and not stopping:
            batch = fetcher.next(lambda: signals.received is not None)
            if batch is not None:  # None: a signal ended the wait; the resumed run will request this batch again
                state, terms = step_function(state, placement.spread(batch))
                step += 1
                waiting.append(terms)
                pace.note(step, terms)
            evaluating = batch is not None and (step % config.evaluate_every == 0 or step == config.steps)
            if waiting and (evaluating or step % config.log_every == 0 or signals.received is not None):
                _log(journal, step, waiting, checkpoints)
            journal.advance(step)
            if evaluating:
                evaluate()  # even on a signal: a step saved without its score would never be evaluated
            stopping = signals.received is not None
            if not evaluating and (stopping or saves.due()):
                _fetch_finite(step, waiting, checkpoints)
                save()
        if stopping:
            logging.warning("signal %d: saved at step %d; run the same command to resume", signals.received, step)
    return state, not stopping


def _score(config: TrainConfig, evaluations: Mapping[str, Evaluation], variables: Variables) -> dict[str, float]:
    """The scores of all evaluations, such as "validation/ccc/mean"; UnknownScore if `train.best` is not among them."""
    scores = {}
    for name, evaluation in evaluations.items():
        scores |= {f"{name}/{score}": value for score, value in evaluation(variables).items()}
    config.require_best(scores)
    return scores


def _log(journal: Journal, step: int, waiting: list[dict], checkpoints: Checkpoints) -> None:
    """Logs the means of the terms in `waiting`, and clears it."""
    fetched = _fetch_finite(step, waiting, checkpoints)
    waiting.clear()
    means = {}
    for name in fetched[0]:
        means[f"train/{name}"] = float(sum(terms[name] for terms in fetched)) / len(fetched)
    journal.write(step, means)
    journal.show({"loss": means["train/loss"]})


def _fetch_finite(step: int, waiting: list[dict], checkpoints: Checkpoints) -> list[dict]:
    """The terms of the last steps up to `step`; TrainingDiverged if one is not finite."""
    fetched = jax.device_get(waiting)
    for number, terms in enumerate(fetched, start=step - len(fetched) + 1):
        if bad := sorted(name for name, value in terms.items() if not math.isfinite(value)):
            kept = checkpoints.latest_step()
            raise TrainingDiverged(
                f"step {number}: {', '.join(bad)} is not finite; "
                f"{'no checkpoint was saved before' if kept is None else f'the checkpoint of step {kept} is kept'}. "
                "Lower config.optimizer.learning_rate or set config.optimizer.warmup_steps"
            )
    return fetched
