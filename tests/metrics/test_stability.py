"""Types of people: agreement of partitions against counted pairs, and types that are there or not."""

import itertools

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from affect_jax.metrics import stability
from affect_jax.metrics.stability import adjusted_rand, by_size, distances, find_types, spread_inside, types_of


def counted_pairs(one, other):
    """The adjusted Rand index from pairs of people, one by one."""
    together = [(one[a] == one[b], other[a] == other[b]) for a, b in itertools.combinations(range(len(one)), 2)]
    both = sum(first and second for first, second in together)
    in_one, in_other = (sum(pair[place] for pair in together) for place in (0, 1))
    expected = in_one * in_other / len(together)
    return (both - expected) / ((in_one + in_other) / 2 - expected)


def test_agreement_is_that_of_counted_pairs():
    rng = np.random.default_rng(0)
    for _ in range(20):
        one, other = rng.integers(1, 4, (2, 15))
        assert adjusted_rand(one, other) == pytest.approx(counted_pairs(one, other), abs=1e-12)
    assert adjusted_rand(np.array([1, 1, 2, 2]), np.array([7, 7, 3, 3])) == 1.0
    # 1 pair of 6 in both, 2 in the first, 3 in the other: (1 - 1) / (2.5 - 1)
    assert adjusted_rand(np.array([1, 1, 2, 2]), np.array([1, 1, 1, 2])) == pytest.approx(0.0)
    assert adjusted_rand(np.ones(4, int), np.ones(4, int)) == 1.0


def test_types_are_cut_from_the_tree_as_by_scipy():
    apart = distances(np.random.default_rng(1).normal(size=(20, 4)))
    tree = linkage(np.random.default_rng(1).normal(size=(20, 4)), "ward")
    for number, found in zip((2, 3, 5, 20), types_of(apart, (2, 3, 5, 20)), strict=True):
        assert adjusted_rand(found, fcluster(tree, number, "maxclust")) == 1.0
        assert len(set(found.tolist())) == number


def test_types_are_numbered_by_size():
    assert by_size(np.array([5, 9, 9, 5, 9, 2])).tolist() == [2, 1, 1, 2, 1, 3]


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(stability, "NULLS", 39)
    monkeypatch.setattr(stability, "DRAWS", 8)


def test_types_that_are_there_are_found_and_those_of_chance_are_not(quick):
    rng = np.random.default_rng(2)
    one_kind = rng.normal(size=(24, 1)) * 2 + rng.normal(size=(24, 10))
    typed = rng.normal(size=(24, 10)) * 0.5
    typed[:9] += np.sin(np.arange(10)) * 3
    found = find_types(typed)
    assert found.clear and found.p_value == 1 / 40 and found.best == 2
    assert found.labels.tolist() == [2] * 9 + [1] * 15  # the larger type is the first
    assert found.stability[0] == pytest.approx(1.0) and found.usual[0] < 0.9 and found.spread[0] < 0.3
    assert find_types(one_kind).p_value > 0.05
    again, other = find_types(typed), find_types(typed, seed=1)
    assert again.stability.tobytes() == found.stability.tobytes() and again.usual.tobytes() == found.usual.tobytes()
    assert other.usual.tobytes() != found.usual.tobytes()


def test_one_exception_is_no_type_and_equal_people_have_none(quick):
    people = np.random.default_rng(3).normal(size=(16, 6))
    people[5] += 40
    found = find_types(people)
    assert found.best == 2 and not found.clear
    same = find_types(np.ones((9, 4)))
    assert same.p_value == 1.0 and not same.clear and same.numbers == (2,)
    with pytest.raises(ValueError, match=r"types of trajectories need at least 8 people; given: 7"):
        find_types(people[:7])


def test_the_spread_inside_types_is_that_of_the_analysis_of_variance():
    rng = np.random.default_rng(4)
    values, labels = rng.normal(size=(12, 3)), np.repeat([1, 2, 3], 4)
    means = np.stack([values[labels == label].mean(0) for label in labels])
    between = ((means - values.mean(0)) ** 2).sum() / ((values - values.mean(0)) ** 2).sum()
    assert spread_inside(values, labels) == pytest.approx(1 - between)
    # one normal distribution, cut in its middle, keeps 1 - 2 / pi
    line = np.sort(rng.normal(size=(20000, 1)), axis=0)
    assert spread_inside(line, (line[:, 0] > 0).astype(int)) == pytest.approx(1 - 2 / np.pi, abs=0.02)
