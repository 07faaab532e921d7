"""Whether another run fits the one that copies its weights or learns from its predictions."""

import dataclasses
import pathlib

from affect_jax import emotions
from affect_jax.experiment import restore
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.derive.copied import fitted_shape, left_out
from affect_jax.experiment.run import Run
from affect_jax.nn.network import names


def check_copy(run: Run, workdir: pathlib.Path) -> None:
    """Raises UsageError if a run cannot start from the weights of another, because its network has other arrays."""
    options = run.options
    other, checkpoints, step = restore.open_run(workdir)
    shapes, copied = names(run.network.abstract), checkpoints.shapes(step)
    checkpoints.close()
    for name in left_out(workdir, other, options, tuple(copied)):
        copied.pop(name)
    refused = f"initialize.rule {options.initialize.rule}: {workdir}"
    if not copied:
        raise UsageError(f"{refused} holds nothing but layers that this network draws itself")
    if options.initialize.rule != "copy" and other.contract.over_time:
        raise UsageError(f"{refused} holds a network of clips already; use initialize.rule=copy")
    same_emotions = emotions.names(options.label_set) == emotions.names(other.label_set)
    if options.predicts_affect and other.predicts_affect and not same_emotions:
        raise UsageError(
            f"{refused} predicts the emotions of label_set '{other.label_set}', this run those of "
            f"'{options.label_set}': its outputs would change their meaning. Set label_set={other.label_set}, or start "
            "from its landmark network"
        )
    changed = claim.differences(dataclasses.asdict(other.model), dataclasses.asdict(options.model), "model.")
    if extra := sorted(set(copied) - set(shapes)):
        raise UsageError(
            f"{refused} holds {extra[:3]} ({len(extra)} arrays), which this network lacks; {_explain(changed)}"
        )
    theirs = {name: fitted_shape(name, array.shape, options) for name, array in copied.items()}
    if wrong := [name for name in sorted(copied) if theirs[name] != shapes[name].shape]:
        raise UsageError(
            f"{refused} holds '{wrong[0]}' of shape {theirs[wrong[0]]}, {shapes[wrong[0]].shape} in this network "
            f"({len(wrong)} of {len(copied)} arrays differ); {_explain(changed)}"
        )


def check_head(run: Options, workdir: pathlib.Path) -> None:
    """Raises UsageError if the experts of a run cannot start as copies of the head of another run's network."""
    other, refused = claim.read_options(workdir), f"initialize.rule head: {workdir}"
    if not run.contract.experts or run.contract.takes != "features":
        raise UsageError(f"initialize.rule head is for model 'experts', but the model is '{run.model_name}'; use copy")
    if not (other.predicts_affect and other.contract.features):
        raise UsageError(f"{refused} holds a network '{other.model_name}', which has no affect head")
    if other.contract.features != run.contract.features:
        raise UsageError(
            f"{refused} pools {other.contract.features} features, model.features is {run.contract.features}; they must "
            "be equal"
        )
    restore.require_trained(workdir)


def check_teaches(run: Options, other: Options) -> None:
    """Raises UsageError if the network of `other` takes or predicts something else than that of `run`."""
    for name, options in ((run.teacher, other), ("this run", run)):
        if not options.predicts_affect:
            raise UsageError(f"task.teacher: the network of {name} predicts no emotions")
    if other.data.frames and not run.data.frames:
        raise UsageError(f"task.teacher: {run.teacher} takes clips, this run single images; use a static teacher")
    pairs = {
        "label_set": (other.label_set, run.label_set),
        "takes": (other.contract.takes, run.contract.takes),
        "input_px": (other.contract.input_px, run.contract.input_px),
        "crop.side_ratio": (other.crop.side_ratio, run.crop.side_ratio),
        "crop.warp": (other.crop.warp, run.crop.warp),
        "crop.one_box": (other.crop.one_box, run.crop.one_box),
    }
    for name, (theirs, ours) in pairs.items():
        if theirs != ours:
            raise UsageError(
                f"task.teacher: {run.teacher} has {name} {theirs}, this run {ours}; the teacher takes the same images "
                "and predicts the same emotions, so they must be equal"
            )


def _explain(changed: list[str]) -> str:
    """The options that differ, which explain why arrays do."""
    return "; ".join(changed) if changed else "its config.json was changed after training"
