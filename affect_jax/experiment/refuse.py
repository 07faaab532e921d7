"""Everything that can end a run before it starts, in the order in which it is asked.

Each question is asked of the parts of the run that training will use; nothing is written by then.
"""

import dataclasses
import pathlib

import jax

from affect_jax import emotions
from affect_jax.experiment import restore, splits, task
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import MADE, Options
from affect_jax.experiment.derive.rules import TRANSFERS
from affect_jax.experiment.run import Run
from affect_jax.nn.network import names
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.groups import factors


def refuse(run: Run) -> None:
    """UsageError with the first reason why a run cannot start."""
    for question in QUESTIONS:
        try:
            question(run)
        except (UsageError, DamagedCheckpoint):
            raise
        except ValueError as error:
            raise UsageError(str(error)) from error


def check_trainable(run: Run) -> None:
    """A run needs something to learn from, and an evaluation that chooses its checkpoint."""
    options = run.options
    if options.initialize.rule in MADE:
        raise UsageError(
            f"this is the config of a network {options.initialize.rule} from {options.initialize.workdir}; to train it "
            "further, give a config of your own with initialize.rule=copy and initialize.workdir=<the "
            f"{options.initialize.rule} workdir>"
        )
    for place, found in (("data.train", options.data.train), ("evaluations", options.evaluations)):
        if not found:
            raise UsageError(f"{place} is empty; name at least one data set")
    if options.train.best_evaluation not in options.evaluations:
        raise UsageError(
            f"train.best is '{options.train.best}'; expected the name of an evaluation, a slash and one of its scores, "
            f"such as '{next(iter(options.evaluations))}/ccc/mean'; evaluations: {', '.join(options.evaluations)}"
        )


def check_subjects(run: Run) -> None:
    """Subjects of the training must not choose the checkpoint."""
    splits.check_apart(run.options)


def check_network(run: Run) -> None:
    """The network can be built so, and every pattern and penalty finds parameters."""
    abstract = run.network.abstract
    factors(run.options.optimizer.learning_rate_multipliers, (abstract.trained, run.options.task.initial().parameters))
    run.placement.check(abstract)
    for penalty in task.penalties(run.options):
        jax.eval_shape(penalty.function, abstract)  # raises where it would find nothing


def check_start(run: Run) -> None:
    """The run to start from is there and fits."""
    start = run.options.initialize
    if start.rule == "copy":
        _check_copy(run, pathlib.Path(start.workdir))
    elif start.rule in TRANSFERS:
        restore.require(pathlib.Path(start.workdir))


def check_clips(run: Run) -> None:
    """Clips go to networks over time, and the task gets the frames and predictions that its terms need."""
    options = run.options
    if options.contract.over_time and not options.data.frames:
        raise UsageError(
            f"the network '{options.model_name}' looks along time, but data.frames is 0, which is single images: set "
            "data.frames to the frames of a clip, such as 16, or take a static network"
        )
    options.task.require(options.contract.predicts, options.data.frames)


def check_teacher(run: Run) -> None:
    """The teacher is there, and sees the same images and names the same emotions."""
    if run.options.teacher:
        workdir = pathlib.Path(run.options.teacher)
        _check_teacher(run.options, claim.stored(workdir))
        restore.require(workdir)


def check_class_weights(run: Run) -> None:
    """Class weights fit the label set; those that follow from the data are checked when the data are open."""
    task.fit_task(run.options, None)


QUESTIONS = (
    check_trainable,
    check_subjects,
    check_network,
    check_start,
    check_clips,
    check_teacher,
    check_class_weights,
)


def _check_copy(run: Run, workdir: pathlib.Path) -> None:
    options = run.options
    other, checkpoints, step = restore.opened(workdir)
    here, there = names(run.network.abstract), checkpoints.shapes(step)
    checkpoints.close()
    refused = f"initialize.rule copy: {workdir}"
    if (
        options.predicts_affect
        and other.predicts_affect
        and emotions.names(options.label_set) != emotions.names(other.label_set)
    ):
        raise UsageError(
            f"{refused} predicts the emotions of label_set '{other.label_set}', this run those of "
            f"'{options.label_set}': its outputs would change their meaning. Set label_set={other.label_set}, or start "
            "from its landmark network"
        )
    changed = claim.differences(dataclasses.asdict(other.model), dataclasses.asdict(options.model), "model.")
    if extra := sorted(set(there) - set(here)):
        raise UsageError(
            f"{refused} holds {extra[:3]} ({len(extra)} arrays), which this network lacks; {_listed(changed)}"
        )
    if wrong := [name for name in sorted(there) if there[name].shape != here[name].shape]:
        raise UsageError(
            f"{refused} holds '{wrong[0]}' of shape {there[wrong[0]].shape}, {here[wrong[0]].shape} in this network "
            f"({len(wrong)} of {len(there)} arrays differ); {_listed(changed)}"
        )


def _listed(changed: list[str]) -> str:
    return "; ".join(changed) if changed else "config.json there was changed after training"


def _check_teacher(run: Options, other: Options) -> None:
    for name, heads in ((run.teacher, other.predicts_affect), ("this run", run.predicts_affect)):
        if not heads:
            raise UsageError(f"task.teacher: the network of {name} predicts no emotions")
    if other.data.frames and not run.data.frames:
        raise UsageError(f"task.teacher: {run.teacher} judges clips, this run single pictures; take a static teacher")
    pairs = {
        "label_set": (other.label_set, run.label_set),
        "takes": (other.contract.takes, run.contract.takes),
        "input_px": (other.contract.input_px, run.contract.input_px),
        "crop.side_ratio": (other.crop.side_ratio, run.crop.side_ratio),
    }
    for name, (theirs, ours) in pairs.items():
        if theirs != ours:
            raise UsageError(
                f"task.teacher: {run.teacher} has {name} {theirs}, this run {ours}; the teacher sees the same pictures "
                "and names the same emotions, so they must be equal"
            )
