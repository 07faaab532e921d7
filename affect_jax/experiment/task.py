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
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.nn.frames import per_frame
from affect_jax.nn.penalties import evenness
from affect_jax.train.objective import Penalty, Task, Teacher
from affect_jax.train.placement import Placement


def fit_task(run: Options, source: Concatenated | None) -> Task:
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


def penalties(run: Options) -> tuple[Penalty, ...]:
    """The terms of a run's loss that depend on the parameters alone."""
    if not run.optimizer.sparsity:
        return ()
    return (Penalty("loss/sparsity", run.optimizer.sparsity, evenness),)


def restore_teacher(run: Options, placement: Placement) -> Teacher | None:
    """The teacher of a run in evaluation mode, whole on every device of the mesh; None if there is none."""
    if not run.teacher:
        return None
    other, network, variables, step = restore.restored(pathlib.Path(run.teacher), placement.replicated())
    logging.info("teacher: %s (step %d)", run.teacher, step)
    if run.data.frames and not other.data.frames:
        return Teacher(lambda numbers, clips: per_frame(functools.partial(network.predict, numbers), clips), variables)
    return Teacher(network.predict, variables)
