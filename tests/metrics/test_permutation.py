"""Permutation tests against all partitions written out, with t from scipy."""

import itertools

import numpy as np
import pytest
from scipy import stats

from affect_jax.metrics.permutation import compare_means, holm, partitions, permute, welch


def enumerated_p(first, second):
    """The share of all partitions whose absolute Welch's t is at least the observed one."""
    together = np.concatenate([first, second])
    size = lambda one, other: abs(stats.ttest_ind(one, other, equal_var=False).statistic)
    values = []
    for chosen in itertools.combinations(range(len(together)), len(first)):
        others = [place for place in range(len(together)) if place not in chosen]
        values.append(size(together[list(chosen)], together[others]))
    return np.mean(np.array(values) >= size(first, second) - 1e-9)


@pytest.mark.parametrize("sizes", [(4, 4), (4, 6)])
def test_a_small_test_is_the_enumeration_of_all_partitions(sizes):
    rng = np.random.default_rng(sum(sizes))
    first, second = rng.normal(0, 1, sizes[0]), rng.normal(0.8, 2, sizes[1])
    found = compare_means(first, second)
    assert found.exact and len(found.values) == partitions(sizes) == len(set(_partitions(sizes)))
    assert found.p_value() == pytest.approx(enumerated_p(first, second), abs=1e-12)


def _partitions(sizes):
    return itertools.combinations(range(sum(sizes)), sizes[0])


def test_the_smallest_p_value_of_four_and_four_is_two_of_seventy():
    found = compare_means(np.array([1.0, 2.0, 3.0, 4.0]), np.array([11.0, 12.0, 13.0, 14.0]))
    assert found.p_value() == 2 / 70  # the partition itself, and its mirror image


def test_random_partitions_count_the_observed_one_and_come_close_to_all():
    rng = np.random.default_rng(3)
    first, second = rng.normal(0, 1, 6), rng.normal(1, 1, 6)
    exact = compare_means(first, second).p_value()  # of 924
    found = compare_means(first, second, permutations=900, seed=1)
    assert not found.exact and len(found.values) == 900
    larger = (found.values >= found.observed - 1e-9).sum()
    assert found.p_value() == (larger + 1) / 901
    assert found.p_value() == pytest.approx(exact, abs=4 * np.sqrt(exact / 900))
    again, other = (compare_means(first, second, permutations=900, seed=seed).values for seed in (1, 2))
    assert again.tobytes() == found.values.tobytes() != other.tobytes()


def test_t_is_that_of_scipy_without_people_who_are_missing():
    rng = np.random.default_rng(0)
    values = rng.normal(5, 1, (9, 6))
    values[[0, 4, 8], [1, 1, 2]] = np.nan
    values[1:4, 3] = np.nan  # leaves one person of the first group
    values[:, 4] = 5.0  # nobody differs
    members = np.zeros((2, 9), bool)
    members[0, :4] = True
    members[1, [0, 2, 4, 6, 8]] = True
    found = welch(members, values)
    for row, inside in zip(found, members, strict=True):
        for time in (0, 1, 2, 5):
            expected = stats.ttest_ind(values[~inside, time], values[inside, time], equal_var=False, nan_policy="omit")
            assert row[time] == pytest.approx(float(expected.statistic), rel=1e-9)
    assert found[0, 3] == 0 and found[0, 4] == 0


def test_equal_groups_give_each_p_value_as_often_as_it_says():
    """With 4 and 4 people the 35 pairs of mirrored partitions are equally likely, if nothing differs."""
    rng = np.random.default_rng(5)
    p_values = np.array([compare_means(*rng.exponential(1, (2, 4))).p_value() for _ in range(300)])
    assert np.allclose(np.round(35 * p_values), 35 * p_values)
    for level in (5, 10, 20):
        hits = int((p_values < (level + 0.5) / 35).sum())
        assert stats.binomtest(hits, 300, level / 35).pvalue > 1e-3


def test_a_statistic_of_ones_own():
    count = lambda members: members[:, 0].astype(float)  # whether the first person is in the first group
    assert permute(count, (2, 3)).p_value() == pytest.approx(2 / 5)


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.04, which may not fall: 0.06
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
