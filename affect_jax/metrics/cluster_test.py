"""Stretches of time in which two groups of people differ: a cluster permutation test.

Source: Maris and Oostenveld, Journal of Neuroscience Methods 164(1), 2007.
"""

import dataclasses

import numpy as np
from jaxtyping import Float
from scipy import stats

from affect_jax.metrics.permutation import PERMUTATIONS, Null, permute, welch

FORMING = 0.05  # two-sided p value of one moment; sets what the test is sensitive to, not its rate of false alarms


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Neighboring moments at which the groups differ in one direction."""

    start: int
    stop: int  # exclusive
    mass: float  # sum of t; positive where the second group is higher
    p_value: float  # of a largest cluster as heavy as this one, anywhere, in either direction


@dataclasses.dataclass(frozen=True)
class Clusters:
    """All clusters in their order, and what they are compared with."""

    found: tuple[Cluster, ...]
    null: Null
    t: Float[np.ndarray, "time"]

    @property
    def p_value(self) -> float:
        """Whether the groups differ at any time: the smallest p value; 1 without any cluster."""
        return min((each.p_value for each in self.found), default=1.0)


def cluster_test(
    first: Float[np.ndarray, "first time"],
    second: Float[np.ndarray, "second time"],
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Clusters:
    """Compares the mean trajectories of two groups, a row per person; NaN where a person has no value.

    A cluster says that the groups differ somewhere; its ends are not known as well (Sassenhagen and Draschkow,
    Psychophysiology 56(6), 2019).
    """
    values = np.concatenate([first, second])
    sizes = (len(first), len(second))
    threshold = float(stats.t.ppf(1 - FORMING / 2, sum(sizes) - 2))
    null = permute(lambda members: largest_mass(welch(members, values), threshold), sizes, permutations, seed)
    observed = np.arange(sum(sizes)) < sizes[0]
    t = welch(observed[None], values)[0]
    found = [Cluster(start, stop, mass, null.p_value(abs(mass))) for start, stop, mass in clusters_of(t, threshold)]
    return Clusters(tuple(found), null, t)


def largest_mass(t: Float[np.ndarray, "partition time"], threshold: float) -> Float[np.ndarray, "partition"]:
    """The absolute mass of the heaviest cluster of each row; 0 without any."""
    largest = np.zeros(len(t))
    for side in (t, -t):
        mass = np.zeros(len(t))
        for moment in side.T:
            mass = np.where(moment > threshold, mass + moment, 0.0)
            np.maximum(largest, mass, out=largest)
    return largest


def clusters_of(t: Float[np.ndarray, "time"], threshold: float) -> list[tuple[int, int, float]]:
    """Start, exclusive stop and mass of each cluster, in order."""
    side = np.where(np.abs(t) > threshold, np.sign(t), 0)
    ends = np.flatnonzero(np.diff(side, prepend=0, append=0))
    found = []
    for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        if side[start]:
            found.append((start, stop, float(t[start:stop].sum())))
    return found
