"""Deviations against tests of scipy.stats, and what days that cannot be compared do."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from affect_jax.personal.baseline import Baseline, Day
from affect_jax.personal.drift import Reference, deviations


def days_of(logarithm, seconds=120.0, noise_seconds=0.0, first=0):
    values = np.exp(logarithm)
    return [
        Day(f"day {number}", 100, seconds, float(value), noise_seconds) for number, value in enumerate(values, first)
    ]


def baseline_of(logarithm):
    return Baseline("anna", {}, tuple(days_of(logarithm)))


def test_a_day_is_compared_as_by_a_t_test_of_one_against_many():
    rng = np.random.default_rng(0)
    before, later = rng.normal(-1, 0.1, 9), rng.normal(-1.2, 0.1, 6)
    for deviation, value in zip(deviations(baseline_of(before), days_of(later)), later, strict=True):
        expected = stats.ttest_ind([value], before)  # with one value, the pooled variance is that of the others
        assert deviation.p_value == pytest.approx(expected.pvalue, rel=1e-9)
        assert deviation.deviation == pytest.approx(expected.statistic, rel=1e-9)
        assert deviation.ratio == pytest.approx(np.exp(value - before.mean()), rel=1e-12)


def test_the_usual_range_ends_where_the_p_value_is_half_of_the_rate():
    before = np.random.default_rng(1).normal(-1, 0.1, 12)
    low, high = (getattr(deviations(baseline_of(before), days_of([-1.0]), 0.05)[0], end) for end in ("low", "high"))
    inside, outside = 1 + 1e-9, 1 - 1e-9
    ends = np.log([low * inside, low * outside, high * outside, high * inside])
    found = [deviations(baseline_of(before), days_of([end]), 0.05)[0] for end in ends]
    np.testing.assert_allclose([each.p_value for each in found], 0.025, rtol=1e-6)
    assert [each.alarm_day for each in found] == [0, 1, 0, 1]


def test_days_against_all_days_before_are_independent_and_normal_whatever_the_person():
    rng, found = np.random.default_rng(2), []
    for person in range(250):
        days = days_of(rng.normal(-2 + person % 3, 0.05 * (1 + person % 4), 11))
        found.append([Reference.of(days[:place]).normal_deviation_of(days[place]) for place in range(5, 11)])
    normal = np.array(found)
    assert stats.kstest(normal.ravel(), "norm").pvalue > 0.01
    correlation = np.corrcoef(normal.T)[np.triu_indices(6, 1)]
    assert np.abs(correlation).max() < 4 / np.sqrt(250)


def test_a_change_that_lasts_is_noticed_where_no_single_day_is_unusual():
    before = np.random.default_rng(3).normal(-1, 0.1, 14)
    found = deviations(baseline_of(before), days_of(before.mean() - before.std() * np.full(5, 2.4)))
    assert not any(each.alarm_day for each in found)
    assert [each.alarm_lasting for each in found] == [0, 0, 0, 1, 0]  # the sums start again after the alarm
    assert all(each.sum_above == 0 for each in found) and found[3].alarm == 1


def test_a_shorter_day_may_differ_more_by_what_its_length_explains():
    reference = Reference.of(days_of(np.random.default_rng(4).normal(-1, 0.1, 10), 120.0, 0.6))
    spread = reference.deviation**2 * 1.1
    assert reference.scale(40.0) ** 2 == pytest.approx(spread + 0.6 / 40 - 0.6 / 120)
    assert reference.scale(120.0) ** 2 == pytest.approx(spread) == reference.scale(1e9) ** 2


def test_days_that_cannot_be_compared_count_for_nothing():
    rng = np.random.default_rng(5)
    baseline, later = baseline_of(rng.normal(-1, 0.1, 8)), days_of(rng.normal(-1.3, 0.1, 5))
    absent = Day("absent", 0, 0.0, float("nan"), float("nan"))
    short = dataclasses.replace(later[0], day="short", seconds=12.0)
    frozen = dataclasses.replace(later[0], day="frozen", expressiveness=0.0)
    found = deviations(baseline, [absent, *later[:2], short, *later[2:], frozen])
    assert [each for each in found if not each.problem] == deviations(baseline, later)
    problems = [each.problem for each in found if each.problem]
    assert problems[0] == "no face" and "12.0 s, and 30 s are needed" in problems[1] and "constant" in problems[2]
    assert all(np.isnan(each.p_value) and not each.alarm for each in found if each.problem)


def test_an_extreme_day_is_a_finite_deviation():
    found = deviations(baseline_of(np.random.default_rng(6).normal(-1, 1e-6, 400)), days_of([0.0]))
    assert np.isfinite(found[0].sum_above) and found[0].alarm_day and found[0].alarm_lasting


@pytest.mark.parametrize("rate", [0.0, 0.5, float("nan")])
def test_rates_out_of_range_are_refused(rate):
    with pytest.raises(ValueError, match=r"the rate of false alarms is .* per day; expected 0.0001 to 0.2"):
        deviations(baseline_of(np.zeros(5) + np.arange(5)), [], rate)
