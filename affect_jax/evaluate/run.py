"""From a predict function and batches to scores, for any quantities."""

import functools
from collections.abc import Callable, Iterable, Sequence

import jax
import jax.numpy as jnp

from affect_jax.metrics.state import Mergeable
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import in_order
from affect_jax.types import Batch, Label, Predictions

Predict = Callable[[Batch], Predictions]
States = dict[str, Mergeable]  # by quantity


@functools.partial(jax.jit, static_argnums=(0, 1))
def _states(quantities: tuple[Quantity, ...], crop_px: int, predictions: Predictions, batch: Batch) -> States:
    states = {}
    for each in quantities:
        if each.name in predictions and each.name in batch.labels:
            label = batch.labels[each.name]
            value = each.report(predictions[each.name].astype(jnp.float32), crop_px)
            states[each.name] = each.state(value, Label(label.value, label.weight * batch.weight), crop_px)
    return states


def evaluate(predict: Predict, quantities: Sequence[str], batches: Iterable[Batch], crop_px: int) -> dict[str, float]:
    """Scores of the named quantities over all batches, for crops of `crop_px` pixels a side.

    States are computed on the device and merged on the host in float64. A quantity that the network does not predict,
    or that is not labeled, has no scores.
    """
    merged = None
    waiting = None
    for batch in batches:
        states = _states(in_order(quantities), crop_px, predict(batch), batch)
        if waiting is not None:  # merging waits for the device, so the states of the previous batch are merged
            merged = waiting if merged is None else _merge(merged, waiting)
        waiting = states
    if waiting is None:
        raise ValueError("nothing to evaluate: the data contains no batches")
    merged = waiting if merged is None else _merge(merged, waiting)
    found = {}
    for each in in_order(merged):
        found |= each.scores(merged[each.name])
    return found


def _merge(one: States, other: States) -> States:
    return {name: state.merge(other[name]) for name, state in one.items()}
