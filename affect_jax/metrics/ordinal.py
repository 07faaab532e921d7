"""Scores of ordered classes from a mergeable confusion matrix: agreement within a number of classes, weighted kappa."""

import numpy as np
from jaxtyping import Float

from affect_jax.metrics.confusion import ConfusionMatrix

WITHIN = (1, 2, 3)  # classes apart


def _distance(classes: int) -> Float[np.ndarray, "label predicted"]:
    place = np.arange(classes)
    return np.abs(place[:, None] - place[None]).astype(np.float64)


def within(matrix: ConfusionMatrix, classes: int) -> float:
    """Fraction of the examples predicted at most `classes` classes away from their label; NaN without examples."""
    counts = np.float64(matrix.counts)
    total = counts.sum()
    return float(counts[_distance(len(counts)) <= classes].sum() / total) if total else float("nan")


def quadratic_weighted_kappa(matrix: ConfusionMatrix) -> float:
    """Agreement beyond chance with squared distances as weights, at most 1; 0 if chance alone would agree fully.

    Source: Cohen, Psychological Bulletin 70(4), 1968.
    """
    counts = np.float64(matrix.counts)
    total = counts.sum()
    if not total:
        return float("nan")
    squared = _distance(len(counts)) ** 2
    by_chance = (squared * np.outer(counts.sum(1), counts.sum(0))).sum() / total
    return float(1 - (squared * counts).sum() / by_chance) if by_chance > 0 else 0.0
