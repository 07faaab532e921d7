"""Our cluster permutation test beside MNE-Python's on the same groups."""

import functools

import numpy as np
from jaxtyping import Float
from scipy import stats

from affect_jax.metrics.cluster_test import FORMING, cluster_test
from benchmarks.shares import exact

SIZE = 20  # people in each group
LEVEL = 0.05


def compare_with_mne(people: Float[np.ndarray, "person frame"], repetitions: int, permutations: int) -> list[dict]:
    """False alarms of three tests of equal groups, and how far their smallest p values are from ours.

    MNE's test takes two tails with the signed t, as its documentation describes it, and one tail with its size.
    """
    from mne.stats import permutation_cluster_test, ttest_ind_no_p

    threshold = float(stats.t.ppf(1 - FORMING / 2, 2 * SIZE - 2))
    signed = functools.partial(ttest_ind_no_p, equal_var=False)
    sized = lambda one, other: np.abs(signed(one, other))
    ways = {"MNE, signed t, tail=0": (signed, 0), "MNE, |t|, tail=1": (sized, 1)}
    smallest: dict[str, list[float]] = {"ours": [], **{name: [] for name in ways}}
    for repetition in range(repetitions):
        drawn = people[np.random.default_rng((repetition, 10)).permutation(len(people))[: 2 * SIZE]]
        one, other = drawn[:SIZE], drawn[SIZE:]
        smallest["ours"].append(cluster_test(one, other, permutations, repetition).p_value)
        for name, (statistic, tail) in ways.items():
            settings = {"threshold": threshold, "n_permutations": permutations + 1, "seed": repetition}
            found = permutation_cluster_test(
                [one, other], stat_fun=statistic, tail=tail, verbose="critical", **settings
            )
            smallest[name].append(float(min(found[2], default=1.0)))
    ours = np.array(smallest["ours"])
    lines = []
    for name, p_values in smallest.items():
        apart = np.array(p_values) - ours
        line = {"test": name, "false alarms, %": exact(int((np.array(p_values) <= LEVEL).sum()), repetitions, 1)}
        lines.append({**line, "mean p - ours": float(apart.mean()), "mean |p - ours|": float(np.abs(apart).mean())})
    return lines
