"""Permutation tests of two groups of people: whole people change groups, never their frames.

People are the unit, because the frames of one person resemble each other. Under the assumption that the groups are
draws of one population, the p values are exact whatever the distribution, and whatever is missing.
Source: Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd edition, 2005.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

PERMUTATIONS = 9999  # random partitions; where there are no more, all of them are taken
BATCH = 512  # partitions at once
ROUNDING = 1e-9  # relative: sums in another order
FEWEST_KNOWN = 2  # people in each group for a variance

Members = Bool[np.ndarray, "partition person"]  # who is in the first group


@dataclasses.dataclass(frozen=True)
class Null:
    """Values of a statistic over partitions of the people into two groups of the given sizes."""

    observed: float
    values: Float[np.ndarray, "partition"]
    exact: bool  # whether these are all partitions, the observed one among them

    def p_value(self, value: float | None = None) -> float:
        """The share of partitions whose statistic is at least as large as `value`, by default the observed one.

        Random partitions count the observed one in addition. Source: Phipson and Smyth, Statistical Applications in
        Genetics and Molecular Biology 9(1), 2010.
        """
        value = self.observed if value is None else value
        more = 0 if self.exact else 1
        larger = int((self.values >= value - ROUNDING * abs(value)).sum())
        return (larger + more) / (len(self.values) + more)


def permute(
    statistic: Callable[[Members], Float[np.ndarray, "partition"]],
    sizes: tuple[int, int],
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Null:
    """The distribution of a statistic over partitions of people, those of the first group coming first.

    Args:
      statistic: larger where the groups differ more.
      sizes: people in each group.
      permutations: at most as many partitions.
      seed: of the random ones.
    """
    count = sum(sizes)

    def of_places(first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
        del second, axis
        places = np.atleast_2d(first)
        members = np.zeros((len(places), count), bool)
        np.put_along_axis(members, places, True, axis=1)
        return statistic(members).reshape(np.shape(first)[:-1])

    found = stats.permutation_test(
        (np.arange(sizes[0]), np.arange(sizes[0], count)),
        of_places,
        permutation_type="independent",
        vectorized=True,
        n_resamples=permutations,
        batch=BATCH,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    exact = partitions(sizes) <= permutations
    return Null(float(found.statistic), np.asarray(found.null_distribution, np.float64), exact)


def partitions(sizes: tuple[int, int]) -> int:
    """The number of ways to divide people into groups of these sizes."""
    return math.comb(sum(sizes), sizes[0])


def welch(members: Members, values: Float[np.ndarray, "person time"]) -> Float[np.ndarray, "partition time"]:
    """Welch's t of the mean of the second group minus that of the first; NaN values do not count.

    0 where a group has fewer than two people with a value, or where all people have the same one. Unequal variances are
    allowed, which keeps the rate of false alarms right for groups of unequal size (Janssen, Statistics and Probability
    Letters 36(1), 1997).
    """
    known = ~np.isnan(values)
    people = known.sum(0)
    center = np.where(known, values, 0).sum(0) / np.maximum(people, 1)
    filled = np.where(known, values - center, 0.0)
    squares = filled**2
    inside = members.astype(np.float64)
    counts = [inside @ known.astype(np.float64)]
    sums = [inside @ filled]
    powers = [inside @ squares]
    counts.append(people - counts[0])
    sums.append(filled.sum(0) - sums[0])
    powers.append(squares.sum(0) - powers[0])
    means, errors = [], []
    for count, total, power in zip(counts, sums, powers, strict=True):
        mean = total / np.maximum(count, 1)
        scatter = np.maximum(power - count * mean**2, 0)
        means.append(mean)
        errors.append(scatter / np.maximum(count - 1, 1) / np.maximum(count, 1))
    # A variance of 0 in both groups, as where nobody shows anything, would divide by 0.
    least = ROUNDING * np.maximum(squares.sum(0), np.finfo(float).tiny)
    t = (means[1] - means[0]) / np.sqrt(np.maximum(errors[0] + errors[1], least))
    return np.where((counts[0] >= FEWEST_KNOWN) & (counts[1] >= FEWEST_KNOWN), t, 0.0)


def compare_means(
    first: Float[np.ndarray, "first"],
    second: Float[np.ndarray, "second"],
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Null:
    """Whether the means of two groups differ, one value per person: the null of the absolute Welch's t."""
    values = np.concatenate([first, second])[:, None]
    return permute(lambda members: np.abs(welch(members, values))[:, 0], (len(first), len(second)), permutations, seed)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for being several: the chance of any false alarm among them.

    Source: Holm, Scandinavian Journal of Statistics 6(2), 1979.
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, np.float64)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted.tolist()
