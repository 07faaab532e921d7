"""Scores of valence and arousal, each computed once from merged moments; NaN where nothing was counted."""

import numpy as np
from jaxtyping import Float

from affect_jax.metrics.moments import PairMoments

DIMENSIONS = ("valence", "arousal")  # in the order of the last axis
ROUNDING = 1e-12  # a variance below this, a deviation of 1e-6, is the rounding of a constant in float32


def _ratio(above: np.ndarray, below: np.ndarray, count: float) -> np.ndarray:
    """`above / below`, and 0 where `below` over the count is nothing but rounding: a constant says nothing."""
    varies = below > ROUNDING * count
    return np.where(varies, above / np.where(varies, below, 1), 0.0)


def ccc(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Concordance correlation, in [-1, 1]; 0 where prediction and label are constant.

    Of population moments (1 / n). AVEC's program divides covariance by n and variances by n - 1, which moves the score
    towards 0 by at most 1 / n of it.
    Source: Lin, Biometrics 45(1), 1989, rho_c.
    """
    scatter, mean = np.float64(moments.scatter), np.float64(moments.mean)
    bias = (mean[0] - mean[1]) ** 2 * float(moments.count)
    return _ratio(2 * scatter[0, 1], scatter[0, 0] + scatter[1, 1] + bias, float(moments.count))


def pcc(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Pearson correlation, in [-1, 1]; 0 where prediction or label is constant."""
    scatter, count = np.float64(moments.scatter), float(moments.count)
    vary = (np.minimum(scatter[0, 0], scatter[1, 1]) > ROUNDING * count).astype(np.float64)
    return vary * _ratio(scatter[0, 1], np.sqrt(scatter[0, 0] * scatter[1, 1]), count)


def rmse(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Root of the mean squared difference, in the unit of the label."""
    scatter, mean = np.float64(moments.scatter), np.float64(moments.mean)
    variance = (scatter[0, 0] + scatter[1, 1] - 2 * scatter[0, 1]) / float(moments.count)
    return np.sqrt(np.maximum(variance + (mean[0] - mean[1]) ** 2, 0))


def sagr(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Share of pairs of equal sign; the sign of 0 is 0, so a label of 0 asks for a prediction of exactly 0."""
    return np.float64(moments.agreeing) / float(moments.count)


def icc(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Intraclass correlation ICC(3,1) with the prediction and the label as the two raters, in [-1, 1].

    (BMS - EMS) / (BMS + EMS) of the two-way table; with two raters the mean squares are half the scatter of the sum
    and of the difference over n - 1, which cancels. A constant gives 0.
    Source: Shrout and Fleiss, Psychological Bulletin 86(2), 1979, ICC(3,1).
    """
    scatter = np.float64(moments.scatter)
    return _ratio(2 * scatter[0, 1], scatter[0, 0] + scatter[1, 1], float(moments.count))


SCORES = {"ccc": ccc, "pcc": pcc, "rmse": rmse, "sagr": sagr, "icc": icc}

OF_MOVEMENT = ("ccc", "pcc", "icc")  # how far two signals move together


def unanswerable(moments: PairMoments) -> set[str]:
    """Names of the scores that are 0 only because a label does not move, and of their means over both dimensions."""
    still = moments.scatter[1, 1] <= ROUNDING * float(moments.count)
    dimensions = [name for name, constant in zip(DIMENSIONS, still, strict=True) if constant]
    return {f"{score}/{name}" for score in OF_MOVEMENT for name in (*dimensions, "mean") if dimensions}


def affect_scores(moments: PairMoments) -> dict[str, float]:
    """Every score of each dimension and its mean over both, such as "ccc/valence" and "ccc/mean"; {} without a pair."""
    if float(moments.count) == 0:
        return {}
    scores = {}
    for name, score in SCORES.items():
        values = score(moments)
        scores |= {f"{name}/{dimension}": float(value) for dimension, value in zip(DIMENSIONS, values, strict=True)}
        scores[f"{name}/mean"] = float(values.mean())
    return scores
