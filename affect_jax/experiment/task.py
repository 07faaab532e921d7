"""The task of a run, fitted to its training data, with its penalties and teacher."""

import functools
import pathlib
from collections.abc import Callable

import numpy as np
from absl import logging
from jaxtyping import Array, Float

from affect_jax import emotions
from affect_jax.data.order import balanced_shares
from affect_jax.data.source import Concatenated, as_table, labeled_quantities
from affect_jax.experiment import restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.nn.frames import per_frame
from affect_jax.nn.network import Network, Variables
from affect_jax.nn.penalties import evenness
from affect_jax.train.objective import Penalty, Task, Teacher
from affect_jax.train.placement import Placement
from affect_jax.types import Predictions


def fit_task(run: Options, source: Concatenated | None) -> Task:
    """The task of a run, fitted to the class frequencies of its training data; uniform ones if `source` is None."""
    names = emotions.names(run.label_set)
    if source is not None and not run.teacher:
        _require_labels(run, source)
    frequency = np.ones(len(names)) if source is None else _frequency(run, source, len(names))
    try:
        return run.task.with_class_weights(frequency, names)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _require_labels(run: Options, source: Concatenated) -> None:
    """UsageError if nothing that the task learns is labeled in the training data."""
    learned = [name for name in run.task.quantities if name in run.contract.predicts]
    if not labeled_quantities(source) & set(learned):
        raise UsageError(
            f"no training example has a label of {' or '.join(learned)}, so nothing would be trained; take data that "
            f"has them (data.train: {', '.join(run.data.train)}). Readers of action units and rendered faces have "
            "those of the emotions in their option intensities"
        )


def _frequency(run: Options, source: Concatenated, count: int) -> Float[np.ndarray, "emotion"]:
    """Frequency of each emotion in the sampled examples, given `data.balanced` and the weights of the data sets."""
    frequency = np.zeros(count)
    for part, config in zip(source.parts, run.data.train.values(), strict=True):
        labels = as_table(part.examples).labels
        label = labels.get("emotion")
        if label is not None and (label.weight > 0).any():
            known = label.weight > 0
            units = np.arange(len(label.weight))
            shares = balanced_shares(labels, units, run.data.balanced) if run.data.balanced else 1 / len(units)
            mass = config.weight * shares * label.weight
            frequency += np.where(known[:, None], label.value * np.reshape(mass, (-1, 1)), 0).sum(0)
    return frequency


def penalties(run: Options) -> tuple[Penalty, ...]:
    """The terms of a run's loss that depend only on the parameters."""
    if not run.optimizer.sparsity:
        return ()
    return (Penalty("loss/sparsity", run.optimizer.sparsity, evenness),)


def restore_teacher(run: Options, placement: Placement) -> Teacher | None:
    """The teacher of a run in evaluation mode, replicated over the mesh; None if there is none."""
    if not run.teacher:
        return None
    other, network, variables, step = restore.restore_run(pathlib.Path(run.teacher), placement.replicated())
    logging.info("teacher: %s (step %d)", run.teacher, step)
    return Teacher(teacher_predict(run, other, network, placement), variables)


def teacher_predict(
    run: Options, other: Options, network: Network, placement: Placement
) -> Callable[[Variables, Array], Predictions]:
    """How a teacher with the options `other` predicts for a run: a static one frame by frame for clips."""
    if run.data.frames and not other.data.frames:
        return lambda variables, clips: per_frame(functools.partial(network.predict, variables), clips, placement.split)
    return network.predict
