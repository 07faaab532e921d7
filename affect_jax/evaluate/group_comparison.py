"""Two groups of people compared: time in classes, means, trajectories, and types of trajectories."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.evaluate.trajectories import Trajectories, trajectories
from affect_jax.evaluate.two_groups import Group
from affect_jax.metrics.bootstrap import difference_interval, mean_intervals
from affect_jax.metrics.cluster_test import Clusters, cluster_test
from affect_jax.metrics.permutation import PERMUTATIONS, compare_means, holm
from affect_jax.metrics.stability import FEWEST_PEOPLE, Types, find_types
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.tables.people import Recording

BINS = 10  # about, of columns without classes
LEVEL = 0.05  # of types that are called stable

Band = tuple[np.ndarray, np.ndarray, np.ndarray]  # mean over people, and the ends of its 95 % interval


@dataclasses.dataclass(frozen=True)
class ColumnComparison:
    """One column in both groups; pairs are in the order of the groups."""

    column: str
    edges: Float[np.ndarray, "edge"]  # of the classes or bins
    classes: bool  # whether they are the classes of the quantity
    shares: tuple[Band, Band]  # of time in each class, over people
    person_means: tuple[Float[np.ndarray, "first"], Float[np.ndarray, "second"]]
    difference: tuple[float, float, float]  # of the second mean minus the first, with its 95 % interval
    means_p: float
    means_exact: bool  # whether all partitions were compared
    curves: tuple[Band, Band]  # over time
    clusters: Clusters
    typed_people: tuple[str, ...]  # with enough of a trajectory for types
    types: Types | None  # None for too few people
    means_adjusted: float = 1.0  # over all columns, Holm
    types_adjusted: float = 1.0
    clusters_factor: float = 1.0  # by which adjusted p values of clusters exceed the smallest one

    def adjusted(self, p_value: float) -> float:
        """The p value of a cluster, corrected for several columns."""
        return min(1.0, p_value * self.clusters_factor)

    def type_of(self) -> dict[str, int]:
        """The type of each person, from 1, by name; empty unless there are types that chance does not explain."""
        if self.types is None or not self.types.clear or self.types_adjusted > LEVEL:
            return {}
        return dict(zip(self.typed_people, self.types.labels.tolist(), strict=True))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two groups in all columns."""

    groups: tuple[Group, Group]
    seconds: Float[np.ndarray, "bin"]
    rate: float  # bins per second
    columns: tuple[ColumnComparison, ...]


def compare(
    groups: tuple[Group, Group],
    columns: Sequence[str],
    rate: float,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
) -> Comparison:
    """Compares two groups in each column; p values are adjusted over the columns, separately for each kind of test.

    Args:
      groups: the second is compared with the first.
      columns: of predictions, in the order in which recordings hold them.
      rate: of trajectories, per second.
      seed: of permutations, intervals and types.
      permutations: at most as many partitions of the people.
    """
    people = groups[0].recordings + groups[1].recordings
    over_time = trajectories(people, rate)
    found = []
    for place, column in enumerate(columns):
        found.append(_compare(groups, over_time, place, column, seed, permutations))
    means = holm([each.means_p for each in found])
    smallest = [each.clusters.p_value for each in found]
    times = holm(smallest)
    types = holm([1.0 if each.types is None else each.types.p_value for each in found])
    adjusted = []
    for place, each in enumerate(found):
        factor = times[place] / smallest[place]
        corrected = {"means_adjusted": means[place], "types_adjusted": types[place], "clusters_factor": factor}
        adjusted.append(dataclasses.replace(each, **corrected))
    return Comparison(groups, over_time.seconds, rate, tuple(adjusted))


def _compare(
    groups: tuple[Group, Group], over_time: Trajectories, place: int, column: str, seed: int, permutations: int
) -> ColumnComparison:
    edges, classes = class_edges(column, groups, place)
    shares = [[_shares(own, place, edges) for own in group.recordings] for group in groups]
    means = tuple(np.array([_mean(own, place) for own in group.recordings]) for group in groups)
    null = compare_means(*means, permutations, seed)
    size = len(groups[0])
    curves = over_time.values[:size, :, place], over_time.values[size:, :, place]
    kept, complete = over_time.complete(place)
    names = groups[0].people + groups[1].people
    enough = len(complete) >= FEWEST_PEOPLE
    return ColumnComparison(
        column=column,
        edges=edges,
        classes=classes,
        shares=tuple(mean_intervals(np.array(each), seed=seed) for each in shares),
        person_means=means,
        difference=(float(means[1].mean() - means[0].mean()), *difference_interval(*means, seed=seed)),
        means_p=null.p_value(),
        means_exact=null.exact,
        curves=tuple(mean_intervals(each, seed=seed) for each in curves),
        clusters=cluster_test(*curves, permutations, seed),
        typed_people=tuple(name for name, keep in zip(names, kept, strict=True) if keep),
        types=find_types(complete, seed) if enough else None,
    )


def class_edges(column: str, groups: Sequence[Group], place: int) -> tuple[Float[np.ndarray, "edge"], bool]:
    """Edges of the classes of a column, or of about ten bins of round numbers from its least to its largest value."""
    for each in QUANTITIES.values():
        if each.class_edges and column in each.columns(""):
            return np.array(each.class_edges), True
    values = [recording.values[:, place] for group in groups for recording in group.flat()]
    low, high = min(each.min(initial=np.inf) for each in values), max(each.max(initial=-np.inf) for each in values)
    return round_edges(low, high), False


def round_edges(low: float, high: float) -> Float[np.ndarray, "edge"]:
    """Edges of at most about ten bins of 1, 2 or 5 times a power of ten that hold all values in [low, high]."""
    least = max(high - low, 1e-6) / BINS
    power = 10.0 ** np.floor(np.log10(least))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
    return step * np.arange(np.floor(low / step), np.floor(high / step) + 2)


def _shares(recordings: Sequence[Recording], place: int, edges: np.ndarray) -> Float[np.ndarray, "class"]:
    """The share of a person's seen time in each class; a value on an edge belongs to the class above."""
    seconds = np.concatenate([each.seconds for each in recordings])
    values = np.concatenate([each.values[:, place] for each in recordings])
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return np.bincount(places, seconds, len(edges) - 1) / seconds.sum()


def _mean(recordings: Sequence[Recording], place: int) -> float:
    """The mean of a person over their seen time."""
    seconds = np.concatenate([each.seconds for each in recordings])
    values = np.concatenate([each.values[:, place] for each in recordings])
    return float((values * seconds).sum() / seconds.sum())
