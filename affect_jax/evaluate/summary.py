"""summary.json: scores of a data set under a named protocol, over all rows, per clip and per subject."""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from jaxtyping import Int

from affect_jax.evaluate.rows import Rows
from affect_jax.files.atomic import replacing, write_csv
from affect_jax.metrics.agreement import affect_scores, unanswerable
from affect_jax.metrics.bootstrap import subject_intervals
from affect_jax.metrics.confusion import ConfusionMatrix, emotion_scores
from affect_jax.metrics.moments import PairMoments

NO_SCORES: Mapping[str, float] = MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class EvaluationProtocol:
    """Under what conditions a score was measured; scores of different conditions must not stand side by side."""

    data: str
    split: str
    crop: str  # name and numbers, such as "emonet side_ratio=1.818 crop_px=64"
    label_set: str
    flip_averaging: bool
    checkpoint_step: int
    reader: str = ""  # options of the reader that are not its defaults, such as "clean=automatic"
    clipped_to: tuple[float, float] = (-1.0, 1.0)  # always; written for those who compare


def affect_moments(rows: Rows, index: Int[np.ndarray, "row"]) -> PairMoments:
    """Moments of valence and arousal over some rows, in float64."""
    known = rows.rated[index].astype(np.float64)
    return PairMoments.of(rows.valence_arousal[index], rows.label_valence_arousal[index], known)


def emotion_counts(rows: Rows, index: Int[np.ndarray, "row"]) -> ConfusionMatrix:
    """Confusion matrix of some rows."""
    labels = rows.label_emotion[index]
    return ConfusionMatrix.of(rows.emotion[index], labels, (labels >= 0).astype(np.float64), len(rows.emotions))


def scores(rows: Rows, index: Int[np.ndarray, "row"], least: int = 1) -> dict[str, float]:
    """Every score over some rows; left out are heads that the network lacks, emotions without a label, and valence and
    arousal with fewer than `least` labels.
    """
    found = {}
    if rows.has_affect and rows.rated[index].sum() >= least:
        found |= affect_scores(affect_moments(rows, index))
    return found | (emotion_scores(emotion_counts(rows, index)) if rows.emotions else {})


def groups(keys: Sequence[str]) -> dict[str, Int[np.ndarray, "row"]]:
    """Row numbers of each key in the order of first appearance; rows of an empty key belong to no group."""
    found: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        if key:
            found.setdefault(key, []).append(row)
    return {key: np.array(members) for key, members in found.items()}


def group_scores(rows: Rows, keys: Sequence[str]) -> dict[str, dict[str, float]]:
    """Scores of each clip, or of each subject; of valence and arousal from two labels, correlations where they move.

    Over all rows a label that never moves gives 0, which is a score of no prediction: in a mean over clips it would be
    a penalty for clips in which nothing happens.
    """
    found = {}
    for key, index in groups(keys).items():
        without = unanswerable(affect_moments(rows, index)) if rows.has_affect else ()
        found[key] = {name: value for name, value in scores(rows, index, least=2).items() if name not in without}
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
    kinds: list[tuple[Callable, Callable]] = []
    if rows.has_affect:
        kinds.append((affect_moments, affect_scores))
    if rows.emotions:
        kinds.append((emotion_counts, emotion_scores))
    found = {}
    for state_of, scores_of in kinds:
        states = [state for state in (state_of(rows, index) for index in members) if scores_of(state)]
        if len(states) > 1:
            found |= subject_intervals(states, scores_of)
    return found


def summarize(rows: Rows, protocol: EvaluationProtocol, others: Mapping[str, float] = NO_SCORES) -> dict:
    """All that summary.json holds; `others` are scores that rows do not give, such as that of landmarks."""
    everything = np.arange(len(rows))
    summary = {
        "protocol": dataclasses.asdict(protocol),
        "n": {
            "rows": len(rows),
            "valence_arousal": int(rows.rated.sum()),
            "emotion": int((rows.label_emotion >= 0).sum()),
            "clips": len(groups(rows.clip)),
            "subjects": len(groups(rows.subject)),
        },
        "scores": scores(rows, everything) | dict(others),
        "interval_95": intervals(rows),
    }
    for kind, keys in (("clip", rows.clip), ("subject", rows.subject)):
        summary[f"per_{kind}_mean"], summary[f"per_{kind}_counted"] = group_mean(group_scores(rows, keys))
    if rows.emotions and (rows.label_emotion >= 0).any():
        counts = emotion_counts(rows, everything).counts.astype(int).tolist()
        summary["confusion"] = {"emotions": list(rows.emotions), "label_by_prediction": counts}
    return summary


def write_summary(
    rows: Rows, protocol: EvaluationProtocol, folder: pathlib.Path, others: Mapping[str, float] = NO_SCORES
) -> dict:
    """Writes summary.json, per_subject.csv and per_clip.csv (where there are any) and returns the summary."""
    summary = summarize(rows, protocol, others)
    for kind, keys in (("subject", rows.subject), ("clip", rows.clip)):
        sizes = {key: len(index) for key, index in groups(keys).items()}
        if by_group := group_scores(rows, keys):
            lines = [{kind: key, "rows": sizes[key], **group} for key, group in by_group.items()]
            write_csv(lines, folder / f"per_{kind}.csv")
    with replacing(folder / "summary.json") as file:
        json.dump(summary, file, indent=2, allow_nan=False)
        file.write("\n")
    return summary
