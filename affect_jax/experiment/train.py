"""Trains a network from a config in a workdir, and resumes after interruptions."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
from absl import logging

from affect_jax.experiment import data, initialize, run_card
from affect_jax.experiment.announce import announce
from affect_jax.experiment.config.claim import CONFIG, claim
from affect_jax.experiment.config.hold import hold
from affect_jax.experiment.config.options import Config, parse
from affect_jax.experiment.evaluations import Evaluator, check_best, evaluators, scores
from affect_jax.experiment.experts import check_features, record_experts
from affect_jax.experiment.idle import warn_of_idle_options
from affect_jax.experiment.refuse import refuse
from affect_jax.experiment.run import Run
from affect_jax.experiment.same_command import (
    require_same_checkpoints,
    require_same_command,
    require_same_weights,
    require_shared,
)
from affect_jax.experiment.same_data import require_same_data
from affect_jax.files.disk import DiskError, find_fault, require_renaming, require_writable
from affect_jax.train import beside, loop, step
from affect_jax.train.agreement import is_first, shared_signals, wait_for_all
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.fetch import Stream
from affect_jax.train.guard import TrainingDiverged
from affect_jax.train.journal import Journal, NoJournal
from affect_jax.train.set_aside import set_aside_damaged
from affect_jax.train.signals import Signals
from affect_jax.train.state import TrainState


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What the loop works with."""

    batches: Stream
    evaluations: Mapping[str, Evaluator]
    state: TrainState
    step: step.Step
    journal: Journal


def train(config: Config, workdir: pathlib.Path, original: Mapping[str, Any] | None = None) -> bool:
    """Trains in `workdir`, or resumes there; False if a signal stopped it after saving.

    `original` is the card of a run that is to be reproduced: differences from it are named before the first step.
    """
    with shared_signals() as signals:
        run = Run(parse(config), workdir)
        try:
            announce(run.options, workdir)
            beside.run(lambda: refuse(run), signals.stopping)
            require_same_command(run, config)
            require_writable(workdir)
            with hold(workdir) if is_first() else contextlib.nullcontext():
                return _claim_and_train(run, config, original, signals)
        except beside.Abandoned:
            message = "signal %d: nothing new was to be saved in %s; run the same command to go on"
            logging.warning(message, signals.received, workdir)
            return False


def _claim_and_train(run: Run, config: Config, original: Mapping[str, Any] | None, signals: Signals) -> bool:
    new = not (run.workdir / CONFIG).exists()
    if is_first():
        require_renaming(run.workdir)
        claim(run.workdir, config)
    require_shared(run.workdir)
    if original is not None and is_first():
        run_card.hand_over_timings(original, run.workdir)
    if is_first():
        set_aside_damaged(run.workdir)
    require_same_checkpoints(run.workdir)
    checkpoints = Checkpoints(run.workdir, run.options.train.best)
    checkpoints.remove_unfinished()
    wait_for_all("clean")
    try:
        finished = _train(run, checkpoints, original, signals)
        checkpoints.close()
        if is_first():
            run_card.end_session(run.workdir, checkpoints.kept_step(), finished)
        return finished
    except BaseException as error:
        kept = _clean_up(run, checkpoints, error, new)
        if fault := find_fault(error, run.workdir):
            state = "no checkpoint was saved yet" if kept is None else f"the checkpoint of step {kept} is kept"
            raise DiskError(f"{fault.problem}; {state}; {fault.remedy}") from error
        raise


def _clean_up(run: Run, checkpoints: Checkpoints, error: BaseException, new: bool) -> int | None:
    """Closes the checkpoints after an error; a new folder in which nothing was trained is left to a corrected config.

    Returns the step of the checkpoint that is kept.
    """
    if isinstance(error, KeyboardInterrupt):  # a second signal waits for nothing
        if checkpoints.is_writing():
            return checkpoints.kept_step()
    elif jax.process_count() == 1:  # else Orbax would wait for the others
        checkpoints.abandon()
    if not is_first():
        return checkpoints.kept_step()
    if new and checkpoints.kept_step() == 0 and isinstance(error, TrainingDiverged):
        checkpoints.remove_initial()  # which "rollback" had saved
    kept = checkpoints.kept_step()
    if new and kept is None:
        with contextlib.suppress(OSError):
            (run.workdir / CONFIG).unlink(missing_ok=True)
            (run.workdir / run_card.CARD).unlink(missing_ok=True)
    return kept


def _train(run: Run, checkpoints: Checkpoints, original: Mapping[str, Any] | None, signals: Signals) -> bool:
    steps, latest = run.options.train.steps, checkpoints.latest_step()
    if latest is not None and latest >= steps and checkpoints.has_scores(latest):
        logging.info("%s: already at step %d of %d", run.workdir, latest, steps)
        return True
    made = beside.run(lambda: _prepare(run, checkpoints, original, signals), signals.stopping)
    try:
        if signals.stopping():
            raise beside.Abandoned
        _, finished = loop.run(
            run.options.train,
            made.state,
            made.step,
            made.batches,
            run.placement,
            checkpoints,
            made.journal,
            made.evaluations,
            signals,
        )
    finally:
        made.journal.close()
        made.batches.close()
    return finished


def _prepare(run: Run, checkpoints: Checkpoints, original: Mapping[str, Any] | None, signals: Signals) -> Prepared:
    options = run.options
    latest = checkpoints.latest_step()
    check_features(run)
    batches = data.training_batches(options, run.source, run.workdir, run.share)
    try:
        evaluations = evaluators(run, signals.watch)  # opens all data: a wrong path is reported before any measurement
        warn_of_idle_options(options, run.source.parts)
        require_same_data(run, resuming=latest is not None)
        record_experts(run)
        card = run_card.begin_session(run, latest or 0)
        if original is not None:
            run_card.warn_of_differences(original, card)
        state = _state(run, checkpoints, batches)
        train_step = run.make_step(run.objective)
        compiled_step = step.compile_step(train_step, state, run.placement, run.objective.teacher_variables)
        if latest is None:
            check_best(options.train, run.evaluation_batches, lambda part: scores(run, part, state.scored))
        journal = _open_journal(run, latest or 0)  # imports for seconds
    except BaseException:
        batches.close()
        raise
    logging.info("compiling the training step; this takes from seconds to some minutes, less the next time")
    return Prepared(batches, evaluations, state, compiled_step, journal)


def _open_journal(run: Run, step: int) -> Journal:
    if not is_first():
        return NoJournal()
    return Journal(run.workdir, step, run.options.train.steps, label=run.workdir.name)


def _state(run: Run, checkpoints: Checkpoints, batches: Stream) -> TrainState:
    """The state to resume from, with the batches at its position; step 0 for a new run."""
    abstract = jax.eval_shape(run.create_state, run.tuned_network.abstract)
    if checkpoints.latest_step() is not None:
        state, data_state = checkpoints.restore(abstract, run.placement)
        if data_state:  # a network made from another one, at step 0, has seen no batch
            batches.set_state(data_state)
        logging.info("%s: resuming from step %d", run.workdir, int(state.step))
        return state
    variables = initialize.initial_variables(run.options, run.tuned_network, run.workdir)
    require_same_weights(variables)
    return jax.jit(run.create_state, out_shardings=run.placement.shardings(abstract))(run.placement.put(variables))
