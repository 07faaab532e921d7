"""Types of people: clusters of their trajectories, and whether they are more than chance makes of people without types.

Any data can be cut into clusters. How many is chosen by stability: clusters of a part of the people are compared with
those of all. Whether they are real is a question of how close the people of a type are; stability cannot answer it,
since one elongated cloud is cut in its middle again and again. Both are compared with people drawn from one normal
distribution of the same covariance, which has no types.
Sources: Ben-Hur, Elisseeff and Guyon, Pacific Symposium on Biocomputing, 2002 (stability); Liu, Hayes, Nobel and
Marron, Journal of the American Statistical Association 103(483), 2008 (closeness, and the null).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform

NUMBERS = (2, 3, 4, 5)  # of types
PEOPLE_PER_TYPE = 4  # at least, on average
FEWEST_PEOPLE = PEOPLE_PER_TYPE * NUMBERS[0]
DRAWS = 25  # parts of the people
PART = 0.8  # of the people in each
NULLS = 199  # sets of people without types
LEAST_STABLE = 0.6  # adjusted Rand index; below, types are not called stable even if chance gives less
FEWEST_OF_A_TYPE = 3  # people; one or two are exceptions, not a type


@dataclasses.dataclass(frozen=True)
class Types:
    """Stability of each number of types, and the types that were found, if any."""

    numbers: tuple[int, ...]
    stability: Float[np.ndarray, "number"]  # mean adjusted Rand index, at most 1; 0 is chance
    usual: Float[np.ndarray, "number"]  # mean stability of people without types
    spread: Float[np.ndarray, "number"]  # share of the variance that is left inside types
    usual_spread: Float[np.ndarray, "number"]
    p_value: float  # of types as close as those of the best number, in people without types, chosen in the same way
    best: int  # number of types whose stability exceeds the usual one most
    labels: Int[np.ndarray, "person"]  # type of each person for the best number, from 1, larger types first

    @property
    def clear(self) -> bool:
        """Whether types are large and stable enough to be called so, if chance does not explain them."""
        stable = self.stability[self.numbers.index(self.best)] >= LEAST_STABLE
        return bool(stable and np.bincount(self.labels)[1:].min() >= FEWEST_OF_A_TYPE)


def find_types(values: Float[np.ndarray, "person time"], seed: int = 0) -> Types:
    """Types of trajectories, the number of which is chosen by stability; ValueError for fewer than 8 people.

    Args:
      values: a trajectory per person, without missing ones.
      seed: of the parts and of the people without types.
    """
    if len(values) < FEWEST_PEOPLE:
        raise ValueError(f"types of trajectories need at least {FEWEST_PEOPLE} people; given: {len(values)}")
    numbers = tuple(number for number in NUMBERS if PEOPLE_PER_TYPE * number <= len(values))
    centered = values - values.mean(0)
    if not centered.any():
        nothing = np.zeros(len(numbers))
        return Types(numbers, nothing, nothing, nothing, nothing, 1.0, numbers[0], np.ones(len(values), int))
    rng = np.random.default_rng(seed)
    sets = [_examine(centered, numbers, rng)]
    for _ in range(NULLS):
        weights = rng.standard_normal((len(values), len(values)))
        sets.append(_examine(weights @ centered / np.sqrt(len(values) - 1), numbers, rng))
    stable, spread = np.swapaxes(np.array(sets), 0, 1)
    # All sets, the observed one among them, are treated in the same way: the p value allows for the choice.
    best = (stable - stable.mean(0)).argmax(1)
    closeness = (spread.mean(0) - spread) / np.maximum(spread.std(0), 1e-9)
    chosen = np.take_along_axis(closeness, best[:, None], 1)[:, 0]
    labels = types_of(distances(centered), numbers)[best[0]]
    return Types(
        numbers=numbers,
        stability=stable[0],
        usual=stable[1:].mean(0),
        spread=spread[0],
        usual_spread=spread[1:].mean(0),
        p_value=float((chosen >= chosen[0] - 1e-9).mean()),
        best=numbers[best[0]],
        labels=by_size(labels),
    )


def _examine(
    values: Float[np.ndarray, "person time"], numbers: Sequence[int], rng: np.random.Generator
) -> Float[np.ndarray, "2 number"]:
    """Stability, and the spread inside types, for each number of types."""
    apart = distances(values)
    whole = types_of(apart, numbers)
    return np.stack([stability(apart, whole, numbers, rng), [spread_inside(values, labels) for labels in whole]])


def spread_inside(values: Float[np.ndarray, "person time"], labels: Int[np.ndarray, "person"]) -> float:
    """The share of the variance over people that is left inside types; 1 if they explain nothing."""
    around = lambda people: float(((people - people.mean(0)) ** 2).sum())
    return sum(around(values[labels == label]) for label in np.unique(labels)) / around(values)


def distances(values: Float[np.ndarray, "person time"]) -> Float[np.ndarray, "person person"]:
    """Euclidean distances between trajectories."""
    return squareform(pdist(values))


def types_of(apart: Float[np.ndarray, "person person"], numbers: Sequence[int]) -> list[Int[np.ndarray, "person"]]:
    """Types for each number of them, by Ward's method, which has no random start."""
    tree = linkage(squareform(apart, checks=False), "ward")
    labels, found = np.arange(len(apart)), {len(apart): np.arange(len(apart))}
    # scipy's fcluster examines the whole tree for each number, which takes most of the time.
    for step, (left, right) in enumerate(tree[:, :2].astype(int).tolist()):
        labels[(labels == left) | (labels == right)] = len(apart) + step
        found[len(apart) - step - 1] = labels.copy()
    return [found[number] for number in numbers]


def by_size(labels: Int[np.ndarray, "person"]) -> Int[np.ndarray, "person"]:
    """The same types, numbered from 1 by their size."""
    names, counts = np.unique(labels, return_counts=True)
    order = names[np.argsort(-counts, kind="stable")]
    return np.array([1 + order.tolist().index(label) for label in labels.tolist()])


def stability(
    apart: Float[np.ndarray, "person person"],
    whole: Sequence[Int[np.ndarray, "person"]],
    numbers: Sequence[int],
    rng: np.random.Generator,
) -> Float[np.ndarray, "number"]:
    """Mean agreement of the types of a part of the people with those of all (`whole`), for each number of types."""
    size = int(np.ceil(PART * len(apart)))
    found = np.zeros(len(numbers))
    for _ in range(DRAWS):
        chosen = np.sort(rng.permutation(len(apart))[:size])
        parts = types_of(apart[np.ix_(chosen, chosen)], numbers)
        found += [adjusted_rand(one[chosen], other) for one, other in zip(whole, parts, strict=True)]
    return found / DRAWS


def adjusted_rand(one: Int[np.ndarray, "person"], other: Int[np.ndarray, "person"]) -> float:
    """Agreement of two partitions: 1 if they are the same, 0 on average for random ones; 1 if neither divides.

    Source: Hubert and Arabie, Journal of Classification 2(1), 1985, equation 5.
    """
    (first_names, first), (second_names, second) = (np.unique(each, return_inverse=True) for each in (one, other))
    table = np.zeros((len(first_names), len(second_names)))
    np.add.at(table, (first, second), 1)
    pairs = lambda counts: float((counts * (counts - 1)).sum() / 2)
    both, rows, columns = pairs(table), pairs(table.sum(1)), pairs(table.sum(0))
    expected = rows * columns / max(pairs(np.array([table.sum()])), 1.0)
    highest = (rows + columns) / 2
    return 1.0 if highest == expected else (both - expected) / (highest - expected)
