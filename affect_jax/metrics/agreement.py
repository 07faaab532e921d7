"""Scores for valence and arousal, each computed once from merged moments.

NaN without any data and, for correlations, with a single pair.
"""

import itertools

import numpy as np
from jaxtyping import Float

from affect_jax.metrics.moments import PairMoments

DIMENSIONS = ("valence", "arousal")  # in the order of the last axis
ROUNDING = 1e-12  # a variance below this (standard deviation 1e-6) is float32 rounding of a constant


def _ratio(numerator: np.ndarray, denominator: np.ndarray, count: float) -> np.ndarray:
    """Returns the ratio, or 0 where the denominator per example is only rounding, as for a constant signal.

    NaN for a single example, which correlates neither well nor badly.
    """
    if count <= 1:
        return np.full_like(numerator, np.nan)
    varies = denominator > ROUNDING * count
    return np.where(varies, numerator / np.where(varies, denominator, 1), 0.0)


def ccc(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Concordance correlation, in [-1, 1]; 0 if prediction and label are both constant.

    Uses population moments (1/n). The AVEC script divides the covariance by n but the variances by n - 1, which lowers
    the magnitude of the score by a fraction of at most 1/n.
    Source: Lin, Biometrics 45(1), 1989, rho_c.
    """
    scatter, mean = np.float64(moments.scatter), np.float64(moments.mean)
    bias = (mean[0] - mean[1]) ** 2 * float(moments.count)
    return _ratio(2 * scatter[0, 1], scatter[0, 0] + scatter[1, 1] + bias, float(moments.count))


def pcc(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Pearson correlation, in [-1, 1]; 0 if prediction or label is constant."""
    scatter, count = np.float64(moments.scatter), float(moments.count)
    vary = (np.minimum(scatter[0, 0], scatter[1, 1]) > ROUNDING * count).astype(np.float64)
    return vary * _ratio(scatter[0, 1], np.sqrt(scatter[0, 0] * scatter[1, 1]), count)


def rmse(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Root mean squared error, in units of the label."""
    scatter, mean = np.float64(moments.scatter), np.float64(moments.mean)
    variance = (scatter[0, 0] + scatter[1, 1] - 2 * scatter[0, 1]) / float(moments.count)
    return np.sqrt(np.maximum(variance + (mean[0] - mean[1]) ** 2, 0))


def sagr(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Sign agreement: the fraction of pairs with equal sign. The sign of 0 is 0, so a label of 0 requires exactly 0."""
    return np.float64(moments.agreeing) / float(moments.count)


def icc(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Intraclass correlation ICC(3,1) with prediction and label as the two raters, in [-1, 1].

    (BMS - EMS) / (BMS + EMS) of the two-way table. With two raters the mean squares are half the scatter of the sum and
    of the difference, divided by n - 1, which cancels. Constant signals give 0.
    Source: Shrout and Fleiss, Psychological Bulletin 86(2), 1979, ICC(3,1).
    """
    scatter = np.float64(moments.scatter)
    return _ratio(2 * scatter[0, 1], scatter[0, 0] + scatter[1, 1], float(moments.count))


def icc_2_1(moments: PairMoments) -> Float[np.ndarray, "dimension"]:
    """Intraclass correlation ICC(2,1), absolute agreement, with prediction and label as the two raters, in [-1, 1].

    (BMS - EMS) / (BMS + EMS + 2 (JMS - EMS) / n) of the two-way table of n rows. Unlike ICC(3,1), a constant offset
    between the two lowers it. JMS is n/2 times the squared difference of the means. Constant signals give 0.
    Source: Shrout and Fleiss, Psychological Bulletin 86(2), 1979, ICC(2,1).
    """
    scatter, mean, count = np.float64(moments.scatter), np.float64(moments.mean), float(moments.count)
    total = scatter[0, 0] + scatter[1, 1]
    bias = (mean[0] - mean[1]) ** 2 * (count - 1)
    error = (total - 2 * scatter[0, 1]) / max(count, 1)
    return _ratio(2 * scatter[0, 1], total + bias - error, count)


SCORES = {"ccc": ccc, "pcc": pcc, "rmse": rmse, "sagr": sagr, "icc": icc, "icc_2_1": icc_2_1}

CORRELATIONS = ("ccc", "pcc", "icc", "icc_2_1")  # undefined for a constant label, and for a single pair


def constant_label_scores(moments: PairMoments) -> set[str]:
    """Returns the names of scores that are 0 only because the label is constant, including means over dimensions."""
    is_constant = moments.scatter[1, 1] <= ROUNDING * float(moments.count)
    dimensions = [name for name, constant in zip(DIMENSIONS, is_constant, strict=True) if constant]
    if not dimensions:
        return set()
    return {f"{score}/{name}" for score, name in itertools.product(CORRELATIONS, dimensions + ["mean"])}


def affect_scores(moments: PairMoments) -> dict[str, float]:
    """All scores of each dimension and their means, such as "ccc/valence" and "ccc/mean"; {} without data.

    Correlations are left out for a single pair, for which they are undefined.
    """
    count = float(moments.count)
    if count == 0:
        return {}
    scores = {}
    for name, score in SCORES.items():
        if count <= 1 and name in CORRELATIONS:
            continue
        values = score(moments)
        scores |= {f"{name}/{dimension}": float(value) for dimension, value in zip(DIMENSIONS, values, strict=True)}
        scores[f"{name}/mean"] = float(values.mean())
    return scores
