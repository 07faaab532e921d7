"""summary.json: scores on a data set under stated conditions, over all rows, per clip and per subject."""

import dataclasses
import json
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from affect_jax.files.atomic import open_atomically, write_csv
from affect_jax.metrics.bootstrap import mean_interval, subject_intervals
from affect_jax.metrics.state import Mergeable
from affect_jax.quantities.registry import quantity
from affect_jax.tables.rows import Rows, group_rows
from affect_jax.types import Label


@dataclasses.dataclass(frozen=True)
class EvaluationConditions:
    """The conditions that a score was measured under; scores under different conditions are not comparable."""

    data: str
    split: str
    crop: str  # rule and parameters, such as "landmark_square side_ratio=1.8182 crop_px=64"
    label_set: str
    flip_averaging: tuple[str, ...]  # quantities that are averaged over the image and its mirror image
    checkpoint_step: int
    reader: str = ""  # non-default options of the reader, such as "clean=automatic"
    clipped_to: tuple[float, float] = (-1.0, 1.0)  # constant; recorded for comparisons with other work


def compute_state(rows: Rows, name: str, index: Int[np.ndarray, "row"]) -> Mergeable | None:
    """State of a quantity over some rows, in float64; None if the data set has no labels for it."""
    if name not in rows.labels:
        return None
    label = rows.labels[name]
    return quantity(name).state(rows.values[name][index], Label(label.value[index], label.weight[index]), rows.crop_px)


def scores(rows: Rows, index: Int[np.ndarray, "row"]) -> dict[str, float]:
    """All scores over some rows, for the quantities with at least one labeled row among them."""
    found = {}
    for name in rows.values:
        if rows.labeled(name)[index].any():
            found |= quantity(name).scores(compute_state(rows, name, index))
    return found


def group_scores(rows: Rows, keys: Sequence[str]) -> dict[str, dict[str, float]]:
    """Scores of each clip, or of each subject, except those that do not depend on the predictions.

    If a label is constant, the correlation is 0 for any prediction: in a mean over clips, it would penalize clips in
    which nothing happens.
    """
    return {key: _informative_scores(rows, index) for key, index in group_rows(keys).items()}


def _informative_scores(rows: Rows, index: Int[np.ndarray, "row"]) -> dict[str, float]:
    found = {}
    for name in rows.values:
        each = quantity(name)
        if rows.labeled(name)[index].sum() >= each.min_labels:
            state = compute_state(rows, name, index)
            excluded = each.uninformative_scores(state)
            found |= {score: value for score, value in each.scores(state).items() if score not in excluded}
    return found


def group_mean(by_group: dict[str, dict[str, float]]) -> tuple[dict[str, float], dict[str, int]]:
    """The mean of each score over the groups that have it, and the number of these groups."""
    values: dict[str, list[float]] = {}
    for group in by_group.values():
        for name, value in group.items():
            values.setdefault(name, []).append(value)
    means = {name: float(np.mean(each)) for name, each in values.items()}
    counts = {name: len(each) for name, each in values.items()}
    return means, counts


def group_intervals(by_group: dict[str, dict[str, float]]) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals of `group_mean`, for groups that are independent of each other, such as subjects."""
    names = dict.fromkeys(name for group in by_group.values() for name in group)
    values = {name: np.array([group[name] for group in by_group.values() if name in group]) for name in names}
    return {name: mean_interval(each)[1:] for name, each in values.items() if len(each) > 1}


def intervals(rows: Rows) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals over subjects; a row of unknown subject counts as a subject of its own."""
    members = group_rows([subject or f"row {row}" for row, subject in enumerate(rows.subject)]).values()
    found = {}
    for name in rows.values:
        labeled = [index for index in members if rows.labeled(name)[index].any()]
        if len(labeled) > 1:
            states = [compute_state(rows, name, index) for index in labeled]
            found |= subject_intervals(states, quantity(name).scores)
    return found


def summarize(rows: Rows, conditions: EvaluationConditions) -> dict:
    """The content of summary.json."""
    all_rows = np.arange(len(rows))
    labeled = {name: int(rows.labeled(name).sum()) for name in rows.values}
    groups = {"clips": len(group_rows(rows.clip)), "subjects": len(group_rows(rows.subject))}
    summary = {
        "conditions": dataclasses.asdict(conditions),
        "n": {"rows": len(rows), **labeled, **groups},
        "scores": scores(rows, all_rows),
        "interval_95": intervals(rows),
    }
    for kind, keys in (("clip", rows.clip), ("subject", rows.subject)):
        by_group = group_scores(rows, keys)
        summary[f"per_{kind}_mean"], summary[f"per_{kind}_counted"] = group_mean(by_group)
    summary["per_subject_interval_95"] = group_intervals(by_group)
    for name, count in labeled.items():
        if count:
            summary |= quantity(name).details(compute_state(rows, name, all_rows), rows.label_set)
    return summary


def write_summary(rows: Rows, conditions: EvaluationConditions, folder: pathlib.Path) -> dict:
    """Writes summary.json and, if there are any, per_subject.csv and per_clip.csv; returns the summary."""
    summary = summarize(rows, conditions)
    for kind, keys in (("subject", rows.subject), ("clip", rows.clip)):
        sizes = {key: len(index) for key, index in group_rows(keys).items()}
        if by_group := group_scores(rows, keys):
            lines = [{kind: key, "rows": sizes[key], **group} for key, group in by_group.items()]
            write_csv(lines, folder / f"per_{kind}.csv")
    with open_atomically(folder / "summary.json") as file:
        json.dump(summary, file, indent=2, allow_nan=False)
        file.write("\n")
    return summary
