"""From a predict function and batches to the rows of a table."""

from collections.abc import Iterable, Sequence

import numpy as np

from affect_jax.evaluate.run import Predict
from affect_jax.quantities.registry import in_order, quantity
from affect_jax.tables.rows import Rows
from affect_jax.types import Batch, Example, Label, Labels, Predictions


def collect(
    predict: Predict,
    batches: Iterable[Batch],
    examples: Sequence[Example],
    quantities: Sequence[str],
    label_set: str,
    crop_px: int,
) -> Rows:
    """One row per example in the batches; an example in several windows gets its average prediction.

    Padding (weight 0) is dropped. Of `quantities`, those that the network does not predict are left out.
    """
    indices, values, labels = [], [], []
    for batch in batches:
        keep = np.asarray(batch.weight).reshape(-1) > 0
        indices.append(np.asarray(batch.index).reshape(-1)[keep])
        values.append(_report(predict(batch), quantities, batch, keep, crop_px))
        _check_shapes(values[-1], label_set)
        labels.append(_labels(batch, quantities, keep))
    index = np.concatenate(indices) if indices else np.zeros(0, np.int64)
    if not len(index):
        raise ValueError("nothing to evaluate: the data contains no faces")
    found, first = np.unique(index, return_index=True)
    chosen = [examples[place] for place in found.tolist()]
    averages = {name: _average(name, [each[name] for each in values], index) for name in values[0]}
    _check_finite([example.name for example in chosen], averages)
    return Rows(
        label_set=label_set,
        crop_px=crop_px,
        source=tuple(example.name for example in chosen),
        subject=tuple(example.subject for example in chosen),
        clip=tuple(example.clip for example in chosen),
        frame=np.array([example.frame for example in chosen]),
        face=np.zeros(len(chosen), np.int64),
        time_seconds=np.array([example.time_seconds for example in chosen], np.float64),
        values=averages,
        labels=_join_labels(labels, first),
        success=np.ones(len(chosen), bool),
    )


def _report(
    predictions: Predictions, quantities: Sequence[str], batch: Batch, keep: np.ndarray, crop_px: int
) -> dict[str, np.ndarray]:
    found = {}
    for each in in_order(set(quantities) & set(predictions)):
        output = np.asarray(predictions[each.name], np.float64)
        flat = output.reshape(-1, *output.shape[batch.weight.ndim :])
        found[each.name] = np.asarray(each.report(flat[keep], crop_px), np.float64)
    return found


def _average(name: str, values: Sequence[np.ndarray], index: np.ndarray) -> np.ndarray:
    """Averages the values of each index over all batches; in order of the indices."""
    order = np.argsort(index, kind="stable")
    found, starts, counts = np.unique(index[order], return_index=True, return_counts=True)
    ordered = np.concatenate(values)[order]
    if len(found) == len(index):
        return ordered
    parts = [ordered[start : start + count] for start, count in zip(starts, counts, strict=True)]
    return np.stack([quantity(name).average(part) for part in parts])


def _labels(batch: Batch, quantities: Sequence[str], keep: np.ndarray) -> dict[str, Label]:
    found = {}
    for each in in_order(set(quantities) & set(batch.labels)):
        label = batch.labels[each.name]
        value, weight = np.asarray(label.value, np.float64), np.asarray(label.weight, np.float64)
        flat = value.reshape(-1, *value.shape[weight.ndim :])
        found[each.name] = Label(flat[keep], weight.reshape(-1)[keep])
    return found


def _join_labels(labels: Sequence[dict[str, Label]], order: np.ndarray) -> Labels:
    join = lambda name, field: np.concatenate([getattr(each[name], field) for each in labels])[order]
    return Labels(**{name: Label(join(name, "value"), join(name, "weight")) for name in labels[0]})


def _check_shapes(values: dict[str, np.ndarray], label_set: str) -> None:
    for each in in_order(values):
        expected, found = each.label_shape(label_set), values[each.name].shape[1:]
        if found != expected:
            raise ValueError(
                f"the network reports {each.name} of shape {found}, but with label_set '{label_set}' it is {expected}"
            )


def _check_finite(names: Sequence[str], values: dict[str, np.ndarray]) -> None:
    broken = np.zeros(len(names), bool)
    for value in values.values():
        broken |= ~np.isfinite(value.reshape(len(names), -1)).all(1)
    if broken.any():
        raise ValueError(
            f"the prediction for '{names[int(broken.argmax())]}' is not finite ({int(broken.sum())} such rows); "
            "training diverged before this checkpoint: evaluate an earlier step"
        )
