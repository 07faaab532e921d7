"""Bootstrap intervals over whole subjects, because the faces of one subject are not independent."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Num

from affect_jax.metrics.state import Mergeable

State = TypeVar("State", bound=Mergeable)


def subject_intervals(
    states: Sequence[State],
    scores: Callable[[State], dict[str, float]],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap interval of each score, resampling subjects with replacement; one state per subject.

    Too narrow for few subjects (fewer than about ten). Source: Davison and Hinkley, Bootstrap Methods, 1997, 3.8.
    """
    if len(states) < 2:
        raise ValueError(f"a bootstrap over subjects needs at least 2 of them, not {len(states)}")
    rng, even = np.random.default_rng(seed), np.full(len(states), 1 / len(states))
    stacked = type(states[0]).stack(states)
    drawn = [scores(stacked.total(rng.multinomial(len(states), even).astype(np.float64))) for _ in range(draws)]
    ends = [(1 - level) / 2, (1 + level) / 2]
    return {name: tuple(np.quantile([draw[name] for draw in drawn], ends).tolist()) for name in drawn[0]}


def mean_interval(
    values: Float[np.ndarray, "subject"], *, draws: int = 1000, level: float = 0.95, seed: int = 0
) -> tuple[float, float, float]:
    """Mean over subjects and its percentile bootstrap interval; one finite value, such as a CCC, per subject.

    Both ends are NaN for a single subject. Source and limits: as for `subject_intervals`.
    """
    if not len(values) or not np.isfinite(values).all():
        raise ValueError(f"a mean over subjects needs finite values, at least one; given: {np.asarray(values)}")
    if len(values) == 1:
        return float(values[0]), float("nan"), float("nan")
    chosen = np.random.default_rng(seed).integers(0, len(values), (draws, len(values)))
    low, high = np.quantile(np.float64(values)[chosen].mean(1), [(1 - level) / 2, (1 + level) / 2])
    return float(np.mean(values)), float(low), float(high)


def mean_intervals(
    values: Float[np.ndarray, "subject value"], *, draws: int = 1000, level: float = 0.95, seed: int = 0
) -> tuple[Float[np.ndarray, "value"], Float[np.ndarray, "value"], Float[np.ndarray, "value"]]:
    """Means over subjects of many values with percentile bootstrap intervals; NaN values do not count.

    All values are resampled together. NaN where no subject has a value. Source and limits: as for `subject_intervals`.
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    times = np.random.default_rng(seed).multinomial(len(values), np.full(len(values), 1 / len(values)), draws)
    means = lambda weights: ratio(weights @ filled, weights @ known.astype(np.float64))
    drawn = means(times.astype(np.float64))
    drawn[:, ~known.any(0)] = 0.0
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    missing = np.where(known.any(0), 0.0, np.nan)
    return means(np.ones((1, len(values))))[0], low + missing, high + missing


def difference_interval(
    first: Float[np.ndarray, "first"],
    second: Float[np.ndarray, "second"],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the second mean minus the first; each group is resampled by itself."""
    rng = np.random.default_rng(seed)
    drawn = []
    for values in (first, second):
        drawn.append(np.float64(values)[rng.integers(0, len(values), (draws, len(values)))].mean(1))
    low, high = np.quantile(drawn[1] - drawn[0], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def ratio(total: Float[np.ndarray, "*any"], count: Num[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """Means from sums and counts; NaN where nothing was counted."""
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
