"""The cluster permutation test against one written out moment by moment, over all partitions."""

import itertools

import numpy as np
import pytest
from scipy import stats

from affect_jax.metrics.cluster_test import cluster_test, clusters_of, largest_mass


def written_out(first, second):
    """Clusters as (start, stop, mass, p value) of Maris and Oostenveld's test, over all partitions."""
    people = np.concatenate([first, second])
    threshold = stats.t.ppf(0.975, len(people) - 2)

    def clusters(one, other):
        t = [float(stats.ttest_ind(b, a, equal_var=False).statistic) for a, b in zip(one.T, other.T, strict=True)]
        found = []
        for sign in (1, -1):
            time = 0
            while time < len(t):
                stop = time
                while stop < len(t) and sign * t[stop] > threshold:
                    stop += 1
                if stop > time:
                    found.append((time, stop, sum(t[time:stop])))
                time = stop + 1
        return sorted(found)

    largest = []
    for chosen in itertools.combinations(range(len(people)), len(first)):
        others = [place for place in range(len(people)) if place not in chosen]
        masses = [abs(mass) for *_, mass in clusters(people[list(chosen)], people[others])]
        largest.append(max(masses, default=0.0))
    largest = np.array(largest)
    return [(*each, (largest >= abs(each[2]) - 1e-9).mean()) for each in clusters(first, second)]


def test_clusters_and_p_values_are_those_of_the_test_written_out():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(2, 4, 12)).cumsum(2) * 0.4
    second[:, 3:7] += 2.5
    first[:, 7:9] += 3.0  # the other direction, right behind
    expected = written_out(first, second)
    found = [(each.start, each.stop, each.mass, each.p_value) for each in cluster_test(first, second).found]
    assert len(expected) >= 2 and {np.sign(each[2]) for each in expected} == {1, -1}
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_difference_is_found_where_it_is():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 12, 40))
    second[:, 10:20] += 2
    found = cluster_test(first, second, permutations=999)
    (best,) = (each for each in found.found if each.p_value <= 0.05)
    assert best.mass > 0 and abs(best.start - 10) <= 2 and abs(best.stop - 20) <= 2 and best.p_value == 0.001
    assert found.p_value == best.p_value
    turned = cluster_test(second, first, permutations=999)
    assert [each.mass for each in turned.found] == pytest.approx([-each.mass for each in found.found])


def test_the_same_seed_gives_the_same_bits():
    first, second = np.random.default_rng(1).normal(size=(2, 8, 30))
    runs = [cluster_test(first, second, permutations=200, seed=seed).null.values.tobytes() for seed in (4, 4, 5)]
    assert runs[0] == runs[1] != runs[2]


def test_missing_people_do_not_count_and_equal_people_make_no_cluster():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(2, 5, 20))
    second[:, 5:9] += 4
    second[4, 5:9] = np.nan
    found = cluster_test(first, second)
    expected = stats.ttest_ind(second, first, equal_var=False, nan_policy="omit").statistic
    np.testing.assert_allclose(found.t, expected, rtol=1e-9)
    assert cluster_test(np.ones((4, 5)), np.ones((5, 5))).p_value == 1.0


def test_masses_by_hand():
    t = np.array([3.0, 2.5, 0.0, -3.0, -4.0, 5.0, 2.0])
    assert clusters_of(t, 2.2) == [(0, 2, 5.5), (3, 5, -7.0), (5, 6, 5.0)]
    assert clusters_of(np.array([1.0, -1.0]), 2.2) == []
    assert largest_mass(np.stack([t, 0 * t, -t]), 2.2).tolist() == [7.0, 0.0, 7.0]
