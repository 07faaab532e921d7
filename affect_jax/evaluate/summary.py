"""summary.json: scores of a data set under named conditions, over all rows, per clip and per subject."""

import dataclasses
import json
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from affect_jax.files.atomic import open_atomically, write_csv
from affect_jax.metrics.bootstrap import subject_intervals
from affect_jax.metrics.state import Mergeable
from affect_jax.quantities.registry import quantity
from affect_jax.tables.rows import Rows, groups
from affect_jax.types import Label


@dataclasses.dataclass(frozen=True)
class EvaluationConditions:
    """Under what conditions a score was measured; scores of different conditions must not stand side by side."""

    data: str
    split: str
    crop: str  # name and numbers, such as "landmark_square side_ratio=1.8182 crop_px=64"
    label_set: str
    flip_averaging: bool
    checkpoint_step: int
    reader: str = ""  # options of the reader that are not its defaults, such as "clean=automatic"
    clipped_to: tuple[float, float] = (-1.0, 1.0)  # always; written for those who compare


def state_of(rows: Rows, name: str, index: Int[np.ndarray, "row"]) -> Mergeable | None:
    """State of a quantity over some rows, in float64; None where the data set has no labels of it."""
    if name not in rows.labels:
        return None
    label = rows.labels[name]
    return quantity(name).state(rows.values[name][index], Label(label.value[index], label.weight[index]), rows.crop_px)


def scores(rows: Rows, index: Int[np.ndarray, "row"]) -> dict[str, float]:
    """Every score over some rows, of the quantities that have a labeled row among them."""
    found = {}
    for name in rows.values:
        if rows.labeled(name)[index].any():
            found |= quantity(name).scores(state_of(rows, name, index))
    return found


def group_scores(rows: Rows, keys: Sequence[str]) -> dict[str, dict[str, float]]:
    """Scores of each clip, or of each subject, but those that say nothing of the prediction there.

    Over all rows a label that never moves gives a correlation of 0, which is a score of no prediction: in a mean over
    clips it would be a penalty for clips in which nothing happens.
    """
    return {key: _informative(rows, index) for key, index in groups(keys).items()}


def _informative(rows: Rows, index: Int[np.ndarray, "row"]) -> dict[str, float]:
    found = {}
    for name in rows.values:
        each = quantity(name)
        if rows.labeled(name)[index].sum() >= each.min_labels:
            state = state_of(rows, name, index)
            without = each.uninformative_scores(state)
            found |= {score: value for score, value in each.scores(state).items() if score not in without}
    return found


def group_mean(by_group: dict[str, dict[str, float]]) -> tuple[dict[str, float], dict[str, int]]:
    """Mean of each score over the groups that have it, and how many these are."""
    values: dict[str, list[float]] = {}
    for group in by_group.values():
        for name, value in group.items():
            values.setdefault(name, []).append(value)
    return {name: float(np.mean(each)) for name, each in values.items()}, {n: len(each) for n, each in values.items()}


def intervals(rows: Rows) -> dict[str, tuple[float, float]]:
    """95 % intervals of the scores under resampling of subjects; a row whose subject is unknown stands for itself."""
    members = groups([subject or f"row {row}" for row, subject in enumerate(rows.subject)]).values()
    found = {}
    for name in rows.values:
        labeled = [index for index in members if rows.labeled(name)[index].any()]
        if len(labeled) > 1:
            states = [state_of(rows, name, index) for index in labeled]
            found |= subject_intervals(states, quantity(name).scores)
    return found


def summarize(rows: Rows, conditions: EvaluationConditions) -> dict:
    """All that summary.json holds."""
    everything = np.arange(len(rows))
    labeled = {name: int(rows.labeled(name).sum()) for name in rows.values}
    summary = {
        "conditions": dataclasses.asdict(conditions),
        "n": {"rows": len(rows), **labeled, "clips": len(groups(rows.clip)), "subjects": len(groups(rows.subject))},
        "scores": scores(rows, everything),
        "interval_95": intervals(rows),
    }
    for kind, keys in (("clip", rows.clip), ("subject", rows.subject)):
        summary[f"per_{kind}_mean"], summary[f"per_{kind}_counted"] = group_mean(group_scores(rows, keys))
    for name, count in labeled.items():
        if count:
            summary |= quantity(name).details(state_of(rows, name, everything), rows.label_set)
    return summary


def write_summary(rows: Rows, conditions: EvaluationConditions, folder: pathlib.Path) -> dict:
    """Writes summary.json, per_subject.csv and per_clip.csv (where there are any) and returns the summary."""
    summary = summarize(rows, conditions)
    for kind, keys in (("subject", rows.subject), ("clip", rows.clip)):
        sizes = {key: len(index) for key, index in groups(keys).items()}
        if by_group := group_scores(rows, keys):
            lines = [{kind: key, "rows": sizes[key], **group} for key, group in by_group.items()]
            write_csv(lines, folder / f"per_{kind}.csv")
    with open_atomically(folder / "summary.json") as file:
        json.dump(summary, file, indent=2, allow_nan=False)
        file.write("\n")
    return summary
