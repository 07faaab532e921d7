"""Every check that can stop a run before it starts, in order.

The checks use the same parts of the run that training will use; none of them writes anything.
"""

import pathlib
from collections.abc import Callable, Sequence

import jax

from affect_jax.experiment import restore, splits, task
from affect_jax.experiment.clip_checks import check_clips
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import DERIVED
from affect_jax.experiment.config.stored import check_stored
from affect_jax.experiment.derive.copied import takes_arrays
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.other_runs import check_copy, check_head, check_teaches
from affect_jax.experiment.plain_folder import WEIGHTS, is_plain
from affect_jax.experiment.run import Run
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.groups import factors
from affect_jax.train.micro_batches import check_parts


def refuse(run: Run, checks: Sequence[Callable[[Run], None]] | None = None) -> None:
    """Raises UsageError with the first reason why a run cannot start, of all `CHECKS` unless others are given."""
    for check in CHECKS if checks is None else checks:
        try:
            check(run)
        except (UsageError, DamagedCheckpoint):
            raise
        except ValueError as error:
            raise UsageError(str(error)) from error


def check_folder(run: Run) -> None:
    """Checks that the workdir is no folder of exported weights, which lack what training needs to go on."""
    if is_plain(run.workdir):
        raise UsageError(
            f"{run.workdir} holds {WEIGHTS} of a network that was exported, without the state of its training: it "
            f"cannot be trained in place. Choose another --workdir, with initialize.rule=copy and "
            f"initialize.workdir={run.workdir}"
        )


def check_trainable(run: Run) -> None:
    """Checks that there is training data, and an evaluation that selects the checkpoint."""
    options = run.options
    if options.initialize.rule in DERIVED:
        raise UsageError(
            f"this is the config of a network {options.initialize.rule} from {options.initialize.workdir}; to train it "
            "further, write a config of your own with initialize.rule=copy and initialize.workdir=<the "
            f"{options.initialize.rule} workdir>"
        )
    for place, data_sets in (("data.train", options.data.train), ("evaluations", options.evaluations)):
        if not data_sets:
            raise UsageError(f"{place} is empty; name at least one data set")
    if options.train.best_evaluation not in options.evaluations:
        raise UsageError(
            f"train.best is '{options.train.best}'; expected the name of an evaluation, a slash and one of its scores, "
            f"such as '{next(iter(options.evaluations))}/ccc/mean'; evaluations: {', '.join(options.evaluations)}"
        )


def check_subjects(run: Run) -> None:
    """Checks that no training subject takes part in selecting the checkpoint."""
    splits.check_disjoint(run.options)


def check_network(run: Run) -> None:
    """Checks that the network can be built, and that every pattern and penalty matches parameters."""
    abstract = run.network.abstract
    factors(run.options.optimizer.learning_rate_multipliers, (abstract.trained, run.options.task.initial().parameters))
    run.placement.check(abstract)
    for penalty in task.penalties(run.options):
        jax.eval_shape(penalty.function, abstract)  # raises if it matches nothing


def check_batch(run: Run) -> None:
    """Checks that a batch divides into its parts and over the devices."""
    check_parts(run.options.batch_size, run.options.train.micro_batches, run.placement.data_shards)


def check_mesh(run: Run) -> None:
    """Checks that the mesh uses the devices, and that network and clips can be split over it."""
    options, mesh, time = run.options, run.placement.mesh, run.placement.time_shards
    if mesh.size > 1 and options.contract.execution == "winograd":
        raise UsageError(
            f"model.execution is 'winograd', which would gather the whole batch on each of {mesh.size} devices: set "
            "model.execution to auto"
        )
    if time == 1:
        return
    instead = "set mesh.time to 1, and mesh.data to -1 for the devices that this leaves"
    if not options.contract.splits_time:
        raise UsageError(
            f"mesh.time is {time}, but the network '{options.model_name}' with these options cannot be split along "
            "time, which takes a clip network whose head has temporal layers of cp factors (model.head.rank above 0, "
            "model.time.form factorized, layers in the head alone, no recurrent and no output_average): " + instead
        )
    untried = {
        "task.teacher": bool(options.teacher),
        "train.micro_batches": options.train.micro_batches > 1,
        "train.rematerialize": options.train.rematerialize,
        "train.precision": options.train.precision != "float32",
        "--processes": jax.process_count() > 1,
    }
    for option in (name for name, given in untried.items() if given):
        raise UsageError(f"mesh.time is {time}, and {option} is set, which was not tried together: {instead}")
    if options.data.frames % time:
        raise UsageError(
            f"data.frames is {options.data.frames}, which the {time} devices of mesh.time cannot share: choose a "
            f"multiple of {time}, or {instead}"
        )


def check_start(run: Run) -> None:
    """Checks that the run to start from exists and fits."""
    start = run.options.initialize
    if takes_arrays(run.options):
        check_copy(run, pathlib.Path(start.workdir))
    elif start.rule == "head":
        check_head(run.options, pathlib.Path(start.workdir))
    elif start.rule in TRANSFERS:
        restore.require_trained(pathlib.Path(start.workdir))


def check_task(run: Run) -> None:
    """Checks that the task learns something that the network predicts."""
    options = run.options
    learned, predicted = options.task.quantities, options.contract.predicts
    if not set(learned) & set(predicted):
        raise UsageError(
            f"the network '{options.model_name}' predicts {', '.join(predicted)}, but the task learns "
            f"{', '.join(learned)}: nothing would be trained; choose another task or network"
        )


def check_experts(run: Run) -> None:
    """Checks that faces of different subjects are not blended where each expert learns one subject."""
    options = run.options
    if options.task.one_per_subject and options.augment.mixup_alpha:
        raise UsageError(
            f"augment.mixup_alpha is {options.augment.mixup_alpha:g}, which blends faces of different subjects, while "
            "each expert learns its own subject: set it to 0"
        )


def check_store(run: Run) -> None:
    """Checks that stored crops are large enough for what the run does with them."""
    check_stored(run.options)


def check_teacher(run: Run) -> None:
    """Checks that the teacher exists, takes the same images and predicts the same emotions."""
    if run.options.teacher:
        workdir = pathlib.Path(run.options.teacher)
        check_teaches(run.options, claim.read_options(workdir))
        restore.require_trained(workdir)


def check_class_weights(run: Run) -> None:
    """Checks class weights against the label set; those derived from the data are checked once it is open."""
    task.fit_task(run.options, None)


CHECKS = (
    check_folder,
    check_trainable,
    check_subjects,
    check_network,
    check_batch,
    check_mesh,
    check_start,
    check_task,
    check_clips,
    check_experts,
    check_store,
    check_teacher,
    check_class_weights,
)
FROM_THE_CONFIG = (
    check_network,
    check_batch,
    check_mesh,
    check_task,
    check_clips,
    check_experts,
    check_class_weights,
)  # those that need no other run
