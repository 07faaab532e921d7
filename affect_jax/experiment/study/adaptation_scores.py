"""Scores of one person by the quantities that are adapted."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.metrics.agreement import affect_scores
from affect_jax.metrics.moments import PairMoments
from affect_jax.personal.outputs import AFFECT, is_intensity, labels_of, reported
from affect_jax.quantities.intensity import HIGHEST, nearest_class
from affect_jax.quantities.registry import quantity
from affect_jax.report.adaptation import SCORES
from affect_jax.report.calibration import ERRORS
from affect_jax.report.calibration import SCORES as INTENSITY_SCORES


def score_names(quantities: Sequence[str]) -> tuple[str, ...]:
    """The columns of `score` that a finished row has."""
    return tuple(f"{name}/mean" for name in INTENSITY_SCORES) if is_intensity(quantities) else SCORES


def score(
    quantities: Sequence[str], predicted: Float[np.ndarray, "frame output"], label: Float[np.ndarray, "frame output"]
) -> dict[str, float]:
    """All scores of one person, in float64, of reported values."""
    values = reported(quantities, predicted)
    if is_intensity(quantities):
        return _intensity_scores(quantities, values, label)
    return affect_scores(PairMoments.of(values[AFFECT], np.float64(label), np.ones(len(label))))


def _intensity_scores(
    quantities: Sequence[str], values: Mapping[str, np.ndarray], labels: Float[np.ndarray, "frame output"]
) -> dict[str, float]:
    """Scores of each emotion and their means, NaN where an emotion's label does not change; and shares of errors."""
    found: dict[str, float] = {}
    errors = []
    for name, label in labels_of(quantities, labels, np.ones(len(labels))).items():
        measured = quantity(name)
        state = measured.state(values[name], label, 0)
        meaningless = measured.uninformative_scores(state)
        scores = measured.scores(state)
        found |= {each: np.nan if each in meaningless else value for each, value in scores.items()}
        errors.append(nearest_class(values[name][:, 0]) - nearest_class(label.value[:, 0]))
    for score_name in INTENSITY_SCORES:
        each = np.array([found.get(f"{score_name}/{name}", np.nan) for name in quantities])
        found[f"{score_name}/mean"] = float(each[np.isfinite(each)].mean()) if np.isfinite(each).any() else np.nan
    counts = np.bincount(np.concatenate(errors) + HIGHEST, minlength=len(ERRORS))
    return found | {f"error/{error}": count / counts.sum() for error, count in zip(ERRORS, counts, strict=True)}
