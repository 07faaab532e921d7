"""Trained runs: opened, and brought back."""

import pathlib

from affect_jax import emotions
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.network import make_builder, tune
from affect_jax.nn.network import Network, Variables
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.placement import Placement


def require(workdir: pathlib.Path) -> None:
    """UsageError if `workdir` holds no trained network."""
    best_step(workdir)


def best_step(workdir: pathlib.Path) -> int:
    """The step that a trained workdir is judged by; UsageError if it holds no checkpoint."""
    _, checkpoints, step = opened(workdir)
    checkpoints.close()
    return step


def opened(workdir: pathlib.Path) -> tuple[Options, Checkpoints, int]:
    """Options, checkpoints and best step of a trained workdir; UsageError if it holds no checkpoint."""
    run = claim.stored(workdir)
    checkpoints = Checkpoints(workdir, run.train.best)
    step = checkpoints.best_step()
    if step is None:
        checkpoints.close()
        raise UsageError(f"{workdir} holds no checkpoint yet; train it first: python -m launch.train")
    return run, checkpoints, step


def placement(workdir: pathlib.Path) -> Placement:
    """Where a trained run is evaluated: batches split over the devices here, whatever mesh it was trained on."""
    return Placement.for_batches(claim.stored(workdir).batch_size)


def restored(workdir: pathlib.Path, placement: Placement | None = None) -> tuple[Options, Network, Variables, int]:
    """A trained run: its options, network, best weights and their step; on one device where no placement is given."""
    run, checkpoints, step = opened(workdir)
    network = tune(Network(make_builder(run)), run)
    try:
        variables = checkpoints.restore_variables(network, placement or Placement.single(), step)
    except DamagedCheckpoint:
        raise
    except ValueError as error:
        count = len(emotions.names(run.label_set))
        raise UsageError(
            f"{error} (model '{run.model_name}', label_set '{run.label_set}' of {count} emotions)"
        ) from error
    finally:
        checkpoints.close()
    return run, network, variables, step
