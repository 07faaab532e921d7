"""The training loop: runs the step on batches, logs metrics, saves checkpoints and handles signals."""

from collections.abc import Iterator, Mapping

import jax
from absl import logging

from affect_jax.train.agreement import decision_of_first, shared_signals
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.fetch import Fetcher, Stream
from affect_jax.train.guard import TrainingDiverged
from affect_jax.train.journal import Journal
from affect_jax.train.loop_config import TrainConfig
from affect_jax.train.placement import Placement
from affect_jax.train.progress import Evaluation, Progress
from affect_jax.train.signals import Signals
from affect_jax.train.state import TrainState
from affect_jax.train.step import Step
from affect_jax.types import Batch


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
    progress = Progress(config, state, checkpoints, journal, evaluations)
    with shared_signals() as signals, Fetcher(batches) as fetcher:
        if checkpoints.latest_step() is None:
            _begin(progress, fetcher)
        stopping = signals.received is not None
        while progress.step < config.steps and not stopping:
            try:
                stopping = _go_on(progress, step_function, fetcher, signals, placement)
            except TrainingDiverged as diverged:
                progress.go_back(diverged, placement)
                stopping = signals.received is not None  # what it goes back to is saved
                if not stopping:
                    fetcher.go_to(diverged.next_batch)
        if stopping:
            message = "signal %d: saved at step %d; run the same command to resume"
            logging.warning(message, signals.received, progress.step)
    return progress.state, not stopping


def _begin(progress: Progress, fetcher: Fetcher) -> None:
    """Saves the initial weights where they are all there is to train, or to go back to."""
    if not progress.config.steps:
        progress.evaluate(fetcher.data_state)
    elif progress.config.on_nan == "rollback":
        progress.save(fetcher.data_state)


def _go_on(progress: Progress, step_function: Step, fetcher: Fetcher, signals: Signals, placement: Placement) -> bool:
    """Takes one step, and logs, evaluates and saves if it is time; returns whether a signal ends the run."""
    config = progress.config
    batch = fetcher.next(lambda: signals.received is not None)
    if batch is not None:  # None: a signal ended the wait; the resumed run will request this batch again
        state, terms = step_function(progress.state, placement.spread(batch))
        progress.advance(state, terms, fetcher.data_state)
    signals.look()
    step = progress.step
    evaluating = batch is not None and (step % config.evaluate_every == 0 or step == config.steps)
    logging_now = evaluating or step % config.log_every == 0 or signals.received is not None
    if logging_now:
        progress.log()
    progress.journal.advance(step)
    if evaluating:
        progress.evaluate(fetcher.data_state)  # even on a signal: else a saved step would have no score
    stopping = signals.received is not None
    if not evaluating and (stopping or _save_is_due(progress, logging_now)):
        progress.fetch_finite()
        progress.save(fetcher.data_state)
    return stopping


def _save_is_due(progress: Progress, logging_now: bool) -> bool:
    """Whether it is time for a checkpoint by the clock of process 0; with several processes, only when they log."""
    if jax.process_count() == 1:
        return progress.saves.due()
    return logging_now and decision_of_first(progress.saves.due())
