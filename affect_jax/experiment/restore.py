"""Opens and restores trained runs: workdirs with checkpoints, and plain folders of exported weights."""

import pathlib

from affect_jax import emotions
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.network import make_builder, tune
from affect_jax.experiment.plain_folder import PlainWeights, is_plain
from affect_jax.nn.network import Network, Variables
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.placement import Placement


def require_trained(workdir: pathlib.Path) -> None:
    """Raises UsageError if `workdir` holds no trained network."""
    best_step(workdir)


def best_step(workdir: pathlib.Path) -> int:
    """The step of a trained workdir's best checkpoint; UsageError if there is none."""
    _, checkpoints, step = open_run(workdir)
    checkpoints.close()
    return step


def open_run(workdir: pathlib.Path) -> tuple[Options, Checkpoints | PlainWeights, int]:
    """Options, checkpoints and best step of a trained workdir; UsageError if it holds no checkpoint."""
    run = claim.read_options(workdir)
    if is_plain(workdir):
        weights = PlainWeights(workdir)
        return run, weights, weights.best_step()
    checkpoints = Checkpoints(workdir, run.train.best)
    step = checkpoints.best_step()
    if step is None:
        checkpoints.close()
        raise UsageError(f"{workdir} holds no checkpoint yet; train it first: python -m launch.train")
    return run, checkpoints, step


def evaluation_placement(workdir: pathlib.Path) -> Placement:
    """The placement for evaluating a run: batches split over the local devices, whatever mesh it was trained on."""
    return Placement.for_batches(claim.read_options(workdir).batch_size)


def restore_run(workdir: pathlib.Path, placement: Placement | None = None) -> tuple[Options, Network, Variables, int]:
    """The options, network, best weights and their step of a trained run; on a single device without `placement`."""
    run, checkpoints, step = open_run(workdir)
    placement = placement or Placement.single()
    network = tune(Network(make_builder(run)), run, placement)
    try:
        variables = checkpoints.restore_variables(network, placement, step)
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
