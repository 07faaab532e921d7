"""What a run is trained for: its task, with what the training data and a teacher add to it."""

import functools
import pathlib

import numpy as np
from absl import logging
from jaxtyping import Float

from affect_jax import emotions
from affect_jax.data.order import balanced_shares
from affect_jax.data.source import Concatenated, as_table
from affect_jax.experiment import restore
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.nn.frames import per_frame
from affect_jax.nn.network import Network
from affect_jax.nn.penalties import evenness
from affect_jax.train.objective import Objective, Penalty, Teacher
from affect_jax.train.placement import Placement


def check(run: Options) -> None:
    """UsageError if the teacher is not there or sees other pictures or emotions, or class weights do not fit; likewise
    for a network of clips that gets single pictures.
    """
    if run.contract.over_time and not run.data.frames:
        raise UsageError(
            f"the network '{run.model_name}' looks along time, but data.frames is 0, which is single pictures: set "
            "data.frames to the frames of a clip, such as 16, or take a static network"
        )
    if run.teacher:
        _fits(run, options.stored(pathlib.Path(run.teacher)))
        restore.require(pathlib.Path(run.teacher))
    if run.data.frames and getattr(run.task.config, "landmark_weight", 0):
        raise UsageError(
            "task.landmark_weight needs a network that gives heatmaps; that of clips gives none: set it to 0"
        )
    if run.data.frames < getattr(run.task.config, "least_frames", 0):
        raise UsageError(
            f"{' and '.join(run.task.config.clip_terms)} takes clips of {run.task.config.least_frames} frames or more, "
            f"but data.frames is {run.data.frames}: set data.frames and a network of clips, or take its default"
        )
    task(run, None)


def task(run: Options, source: Concatenated | None):
    """The task of a run, fitted to how often each emotion is drawn from its training data; None: equally often."""
    names = emotions.names(run.label_set)
    frequency = np.ones(len(names)) if source is None else _frequency(run, source, len(names))
    try:
        return run.task.with_class_weights(frequency, names)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _frequency(run: Options, source: Concatenated, count: int) -> Float[np.ndarray, "emotion"]:
    """Share of each emotion in what is drawn: `data.balanced` and the shares of the data sets have their part in it."""
    found = np.zeros(count)
    for part, config in zip(source.parts, run.data.train.values(), strict=True):
        labels = as_table(part.examples).labels
        label = labels.get("emotion")
        if label is not None and (label.weight > 0).any():
            known, units = label.weight > 0, np.arange(len(label.weight))
            shares = balanced_shares(labels, units, run.data.balanced) if run.data.balanced else 1 / len(units)
            mass = config.weight * shares * label.weight
            found += np.where(known[:, None], label.value * np.reshape(mass, (-1, 1)), 0).sum(0)
    return found


def objective(run: Options, source: Concatenated, network: Network, placement: Placement) -> Objective:
    """All that enters the loss of a run."""
    return Objective(network, task(run, source), teacher(run, placement), penalties(run))


def penalties(run: Options) -> tuple[Penalty, ...]:
    """The terms of a run's loss that depend on the parameters alone."""
    if not run.optimizer.sparsity:
        return ()
    return (Penalty("loss/sparsity", run.optimizer.sparsity, evenness),)


def teacher(run: Options, placement: Placement) -> Teacher | None:
    """The teacher of a run in evaluation mode, whole on every device of the mesh; None if there is none."""
    if not run.teacher:
        return None
    other, network, variables, step = restore.restored(pathlib.Path(run.teacher), placement.replicated())
    logging.info("teacher: %s (step %d)", run.teacher, step)
    if run.data.frames and not other.data.frames:
        return Teacher(lambda numbers, clips: per_frame(functools.partial(network.predict, numbers), clips), variables)
    return Teacher(network.predict, variables)


def _fits(run: Options, other: Options) -> None:
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
