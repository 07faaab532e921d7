"""One run: from a config and a folder to a trained network, however often it is interrupted."""

import pathlib

import jax
from absl import logging

from affect_jax.experiment import data, initialize
from affect_jax.experiment.config.claim import CONFIG, claim
from affect_jax.experiment.config.options import Config, parse
from affect_jax.experiment.evaluations import check_best, evaluators, scores
from affect_jax.experiment.refuse import refuse
from affect_jax.experiment.run import Run
from affect_jax.train import loop, step
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.fetch import Stream
from affect_jax.train.journal import Journal
from affect_jax.train.state import TrainState, create_state


def train(config: Config, workdir: pathlib.Path) -> bool:
    """Trains in `workdir` or goes on there; False when a signal cut it short, with everything saved."""
    run = Run(parse(config), workdir)
    refuse(run)
    new = not (workdir / CONFIG).exists()
    claim(workdir, config)
    checkpoints = Checkpoints(workdir, run.options.train.best)
    try:
        return _train(run, checkpoints)
    except BaseException:
        if new and checkpoints.latest_step() is None:  # nothing was trained: the corrected command may have the folder
            (workdir / CONFIG).unlink(missing_ok=True)
        raise
    finally:
        checkpoints.close()


def _train(run: Run, checkpoints: Checkpoints) -> bool:
    options, latest = run.options, checkpoints.latest_step()
    if latest is not None and latest >= options.train.steps:
        logging.info("%s: already at step %d of %d", run.workdir, latest, options.train.steps)
        return True
    batches = iter(data.training_batches(options, run.source, run.workdir))
    evaluations = evaluators(run)  # all data are open now: a wrong folder is reported before anything is measured
    state = _state(run, checkpoints, batches)
    train_step = step.make_train_step(run.objective, run.optimizer, run.key, options.optimizer.average)
    compiled_step = step.compile_step(train_step, state, run.placement, run.objective.teacher_variables)
    if latest is None:
        check_best(options.train, run.evaluation_batches, lambda part: scores(run, part, state.scored))
    journal = Journal(run.workdir, latest or 0, options.train.steps, label=run.workdir.name)
    try:
        _, finished = loop.run(
            options.train, state, compiled_step, batches, run.placement, checkpoints, journal, evaluations
        )
    finally:
        journal.close()
    return finished


def _state(run: Run, checkpoints: Checkpoints, batches: Stream) -> TrainState:
    """The state to go on from, with the batches at its place; step 0 of a new run."""
    averaged = run.options.optimizer.average > 0
    initial = run.options.task.initial()
    create = lambda variables: create_state(run.tuned_network, run.optimizer, variables, initial, averaged)
    abstract = jax.eval_shape(create, run.tuned_network.abstract)
    if checkpoints.latest_step() is not None:
        state, place = checkpoints.restore(abstract, run.placement)
        batches.set_state(place)
        logging.info("%s: going on from step %d", run.workdir, int(state.step))
        return state
    variables = initialize.variables(run.options, run.tuned_network, run.workdir)
    return jax.jit(create, out_shardings=run.placement.shardings(abstract))(run.placement.put(variables))
