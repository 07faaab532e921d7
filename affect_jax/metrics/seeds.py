"""Intervals of a score over runs that differ only in their seed."""

import numpy as np
from jaxtyping import Float
from scipy import stats

LEVEL = 0.95


def t_interval(values: Float[np.ndarray, "run"], level: float = LEVEL) -> tuple[float, float]:
    """Mean and half-width of its Student t interval; the half-width is NaN for a single run.

    Source: Student, Biometrika 6(1), 1908; n - 1 degrees of freedom.
    """
    count = len(values)
    if count < 2:
        return float(np.mean(values)), float("nan")
    quantile = stats.t.ppf((1 + level) / 2, count - 1)
    return float(np.mean(values)), float(quantile * np.std(values, ddof=1) / np.sqrt(count))
