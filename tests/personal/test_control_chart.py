"""Cumulative sums by hand, and their average run length against published values and a simulation."""

import numpy as np
import pytest

from affect_jax.personal.control_chart import average_run_length, cumulative_sums, limit_for


def test_sums_by_hand():
    found = cumulative_sums(np.array([1.0, 2.0, np.nan, 1.5, -3.0, -0.2]), limit=2.5)
    # 0.5; 0.5 + 1.5; unchanged; 2.0 + 1.0 > 2.5, so it starts again; 3.0 - 0.5 is not above the limit; 2.5 - 0.3
    np.testing.assert_allclose(found.above, [0.5, 2.0, 2.0, 3.0, 0.0, 0.0])
    np.testing.assert_allclose(found.below, [0.0, 0.0, 0.0, 0.0, 2.5, 2.2])
    assert found.alarm.tolist() == [False, False, False, True, False, False]


@pytest.mark.parametrize(("limit", "days"), [(4.0, 168.0), (5.0, 465.0)])
def test_average_run_lengths_as_published(limit, days):
    """Source: Montgomery, Introduction to Statistical Quality Control, Table 9.3, k = 1/2, no shift."""
    assert average_run_length(limit) == pytest.approx(days, abs=0.6)


def test_alarms_of_a_simulation_are_as_rare_as_computed():
    limit = limit_for(50.0)
    deviation = np.random.default_rng(0).standard_normal(40_000)
    alarms = cumulative_sums(deviation, limit).alarm
    runs = np.diff(np.flatnonzero(alarms))
    assert runs.mean() == pytest.approx(50.0, abs=3 * runs.std() / np.sqrt(len(runs)))


@pytest.mark.parametrize("days", [10.0, 200.0, 1e6])
def test_the_limit_gives_the_run_length(days):
    assert average_run_length(limit_for(days)) == pytest.approx(days, rel=1e-6)


def test_run_lengths_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"an average run length of 3 days; expected 10 to 1e6"):
        limit_for(3.0)
