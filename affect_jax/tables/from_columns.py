"""A table in memory, as columns by name without a schema, turned into rows that can be scored."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from absl import logging

from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import QUANTITIES, quantity
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels

Columns = Mapping[str, Sequence[Any]]  # of equal length; None or NaN where a cell is empty


def rows_of(columns: Columns, label_sets: Iterable[str]) -> Rows:
    """The rows of the quantities that have both predictions and labels; ValueError if there is none.

    Their label set is the one of `label_sets` whose probabilities the table has. A label without a prediction, because
    no face was found, does not count, and a warning says how many there are.
    """
    label_set = _label_set(columns, tuple(label_sets))
    found = [each for each in QUANTITIES.values() if not each.located and _is_labeled(each, columns, label_set)]
    if not found:
        listed = ", ".join(columns) if len(columns) < 40 else f"{len(columns)} columns"
        first = next(each for each in QUANTITIES.values() if not each.located)
        example = ", ".join([*first.columns(label_set), *first.label_columns(label_set)])
        raise ValueError(
            f"the table has no quantity with predictions and labels, such as {example}; it has {listed}. Give "
            "the labels as a second table if they are in another one"
        )
    count = len(next(iter(columns.values())))
    values = {each.name: _values(each, columns, label_set) for each in found}
    labels = {each.name: _label(each, columns, label_set, values[each.name]) for each in found}
    return Rows(  # scores over all rows do not depend on whose they are
        label_set=label_set,
        crop_px=0,
        source=("",) * count,
        subject=("",) * count,
        clip=("",) * count,
        frame=np.zeros(count, int),
        face=np.zeros(count, int),
        time_seconds=np.zeros(count),
        values=values,
        labels=Labels(**labels),
        success=np.ones(count, bool),
    )


def _label_set(columns: Columns, label_sets: Sequence[str]) -> str:
    probabilities = tuple(name for name in columns if name.startswith("p_"))
    if not probabilities:
        return label_sets[0]  # no quantity of the table depends on it
    for name in label_sets:
        if quantity("emotion").columns(name) == probabilities:
            return name
    raise ValueError(f"{', '.join(probabilities)} are not the columns of any label set in affect_jax.emotions")


def _is_labeled(each: Quantity, columns: Columns, label_set: str) -> bool:
    return {*each.columns(label_set), *each.label_columns(label_set)} <= set(columns)


def _values(each: Quantity, columns: Columns, label_set: str) -> np.ndarray:
    numbers = {name: np.array(columns[name], np.float64) for name in each.columns(label_set)}  # None becomes NaN
    return each.values(numbers, label_set)


def _label(each: Quantity, columns: Columns, label_set: str, values: np.ndarray) -> Label:
    texts = {name: [_cell(cell) for cell in columns[name]] for name in each.label_columns(label_set)}
    try:
        label = each.read_label(texts, label_set)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{', '.join(texts)}: {error} is no label of {each.description}") from None
    _require_in_limits(each, label)
    known = ~np.isnan(values).reshape(len(values), -1).any(-1)
    if lost := int((label.weight[~known] > 0).sum()):
        logging.warning("%d labels of %s have no prediction, because no face was found there", lost, each.name)
    return Label(label.value, label.weight * known)


def _require_in_limits(each: Quantity, label: Label) -> None:
    """ValueError for a label on another scale."""
    if each.limits is None:
        return
    known = label.value[label.weight > 0].ravel()
    outside = known[(known < each.limits[0]) | (known > each.limits[1])]
    if len(outside):
        low, high = each.limits
        raise ValueError(
            f"a label of {each.description} is {outside[0]:g}; expected {low:g} to {high:g}: bring the labels to that "
            "scale first"
        )


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value)
