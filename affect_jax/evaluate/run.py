"""From a predict function and batches to scores, whatever the task."""

import functools
from collections.abc import Callable, Iterable
from typing import Any, Protocol, runtime_checkable

import jax

from affect_jax.types import Batch, Predictions

Predict = Callable[[Batch], Predictions]


@runtime_checkable
class Task(Protocol):
    """What an evaluation asks of a task; tasks are hashable."""

    def moments(self, predictions: Predictions, batch: Batch) -> Any:
        """Mergeable state of one batch."""
        ...

    def scores(self, state: Any) -> dict[str, float]:
        """Scores of a merged state."""
        ...


@functools.partial(jax.jit, static_argnums=0)
def _moments(task: Task, predictions: Predictions, batch: Batch) -> Any:
    return task.moments(predictions, batch)


def evaluate(predict: Predict, task: Task, batches: Iterable[Batch]) -> dict[str, float]:
    """Scores over all batches, from states made on the device and merged on the host in float64.

    A frame that stands in two windows counts twice here; `collect` of `evaluate/rows.py` averages it instead.
    """
    merged = waiting = None
    for batch in batches:
        state = _moments(task, predict(batch), batch)
        if waiting is not None:  # merging waits for the device, so the state of the batch before is merged
            merged = waiting if merged is None else merged.merge(waiting)
        waiting = state
    if waiting is None:
        raise ValueError("nothing to evaluate: the data gave no batch")
    return task.scores(waiting if merged is None else merged.merge(waiting))
