"""Differences between two systems, subject by subject.

Subjects differ more from each other than two systems do on the same subject, so that the difference is better known
than either mean.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from affect_jax.metrics.bootstrap import mean_interval


@dataclasses.dataclass(frozen=True)
class Difference:
    """Mean difference over subjects with its interval, in units of the score."""

    mean: float
    low: float  # NaN, as is `high`, for a single subject
    high: float
    better: float  # fraction of subjects whose score is higher than with the baseline
    subjects: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def paired_difference(
    scores: Mapping[str, float],
    baseline: Mapping[str, float],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Score minus baseline of each subject, with a bootstrap interval over subjects; both are keyed by subject.

    ValueError names a subject that only one of the two has, or a score that is not finite.
    """
    if lone := sorted(set(scores) ^ set(baseline)):
        which = "the baseline" if lone[0] in scores else "the compared system"
        raise ValueError(f"subject '{lone[0]}' has no score with {which}; a paired difference needs both")
    differences = np.array([scores[subject] - baseline[subject] for subject in scores], np.float64)
    mean, low, high = mean_interval(differences, draws=draws, level=level, seed=seed)
    return Difference(mean, low, high, float((differences > 0).mean()), len(differences))
