"""One run: from a config and a folder to a trained network, however often it is interrupted."""

import pathlib

import jax
from absl import logging

from affect_jax.experiment import build, evaluations, initialize, splits, task
from affect_jax.experiment.config.options import CONFIG, Config, Options, check_trainable, claim, parse
from affect_jax.nn.network import Network
from affect_jax.train import loop, step
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.journal import Journal
from affect_jax.train.optimizer import make_optimizer
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState, create_state


def train(config: Config, workdir: pathlib.Path) -> bool:
    """Trains in `workdir` or goes on there; False when a signal cut it short, with everything saved."""
    options = parse(config)
    check_trainable(options)
    splits.check_apart(options)
    initialize.check(options)
    task.check(options)
    new = not (workdir / CONFIG).exists()
    claim(workdir, config)
    checkpoints = Checkpoints(workdir, options.train.best)
    try:
        return _train(options, workdir, checkpoints)
    except BaseException:
        if new and checkpoints.latest_step() is None:  # nothing was trained: the corrected command may have the folder
            (workdir / CONFIG).unlink(missing_ok=True)
        raise
    finally:
        checkpoints.close()


def _train(options: Options, workdir: pathlib.Path, checkpoints: Checkpoints) -> bool:
    steps, latest = options.train.steps, checkpoints.latest_step()
    at = latest or 0
    if latest is not None and at >= steps:
        logging.info("%s: already at step %d of %d", workdir, at, steps)
        return True
    data = build.training_source(options, workdir)  # first: a wrong folder is told before anything is timed
    held_out = evaluations.named_batches(options, workdir)
    placement = Placement.of(options.mesh)
    network = build.network(options, build.execution(options, workdir, training=True))
    optimizer = make_optimizer(options.optimizer, steps)
    objective = task.objective(options, data, network, placement)
    batches = iter(build.training_batches(options, data, workdir))
    state = _state(options, workdir, checkpoints, network, optimizer, placement, batches)
    root = jax.random.fold_in(jax.random.key(options.seed), 1)  # 0 is the key of the first numbers
    one_step = step.make_train_step(objective, optimizer, root, options.optimizer.average)
    step_function = step.compile_step(one_step, state, placement, objective.teacher_variables)
    predict = build.predictor(network, placement)
    evaluators = evaluations.evaluators(options, predict, held_out)
    if latest is None:
        scores_of = lambda part: evaluations.scores(options, predict, part, state.scored)
        evaluations.check_best(options.train, held_out, scores_of)
    journal = Journal(workdir, at, steps, label=workdir.name)
    try:
        _, finished = loop.run(
            options.train, state, step_function, batches, placement, checkpoints, journal, evaluators
        )
    finally:
        journal.close()
    return finished


def _state(options, workdir, checkpoints, network: Network, optimizer, placement: Placement, batches) -> TrainState:
    averaged = options.optimizer.average > 0
    create = lambda variables: create_state(network, optimizer, variables, options.task.initial(), averaged)
    abstract = jax.eval_shape(lambda: create(network.initial(jax.random.key(0))))
    if checkpoints.latest_step() is not None:
        state, place = checkpoints.restore(abstract, placement)
        batches.set_state(place)
        logging.info("%s: going on from step %d", workdir, int(state.step))
        return state
    variables = initialize.variables(options, network, workdir)
    return jax.jit(create, out_shardings=placement.shardings(abstract))(placement.put(variables))
