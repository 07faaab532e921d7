"""Intervals from resampled subjects."""

import numpy as np
import pytest

from affect_jax.metrics.agreement import affect_scores
from affect_jax.metrics.bootstrap import difference_interval, mean_interval, mean_intervals, subject_intervals
from affect_jax.metrics.confusion import ConfusionMatrix, emotion_scores
from affect_jax.metrics.moments import PairMoments


def test_interval_of_an_accuracy_matches_the_normal_approximation_over_subjects():
    rng = np.random.default_rng(0)
    right = rng.binomial(50, 0.7, 100)  # of 50 faces of each of 100 subjects
    states = [ConfusionMatrix(np.array([[hits, 50.0 - hits], [0, 0]])) for hits in right]
    low, high = subject_intervals(states, emotion_scores, draws=2000)["accuracy"]
    share = right / 50
    error = 1.96 * share.std() / np.sqrt(100)
    np.testing.assert_allclose([low, high], [share.mean() - error, share.mean() + error], atol=0.003)


def test_resampling_weights_equal_repeating_the_rows():
    rng = np.random.default_rng(1)
    pairs = rng.normal(size=(3, 2, 20, 2))
    states = [PairMoments.of(*pair, np.ones(20)) for pair in pairs]
    drawn = PairMoments.stack(states).total(np.array([2.0, 0, 1]))
    rows = np.concatenate([pairs[0], pairs[0], pairs[2]], axis=1)
    expected = PairMoments.of(*rows, np.ones(60))
    for name in ("count", "mean", "scatter", "agreeing"):
        np.testing.assert_allclose(getattr(drawn, name), getattr(expected, name), rtol=1e-10)


def test_intervals_repeat_with_their_seed_and_need_two_subjects():
    rng = np.random.default_rng(2)
    states = [PairMoments.of(*rng.normal(size=(2, 9, 2)), np.ones(9)) for _ in range(5)]
    one, again, other = (subject_intervals(states, affect_scores, draws=50, seed=seed) for seed in (0, 0, 1))
    assert one == again != other
    with pytest.raises(ValueError, match="at least 2 of them, not 1"):
        subject_intervals(states[:1], affect_scores)


def test_the_interval_of_a_mean_over_subjects_matches_the_normal_approximation():
    values = np.random.default_rng(3).normal(0.4, 0.2, 200)
    mean, low, high = mean_interval(values, draws=4000)
    error = 1.96 * values.std() / np.sqrt(200)
    assert mean == values.mean()
    np.testing.assert_allclose([low, high], [mean - error, mean + error], atol=0.002)


def test_a_mean_over_subjects_needs_finite_values_and_has_no_interval_for_one():
    mean, low, high = mean_interval(np.array([0.25]))
    assert mean == 0.25 and np.isnan([low, high]).all()
    for values in (np.array([]), np.array([0.1, np.nan])):
        with pytest.raises(ValueError, match="needs finite values, at least one"):
            mean_interval(values)


def test_intervals_of_many_means_are_those_of_each_mean():
    rng = np.random.default_rng(0)
    values = rng.normal(3.0, 2.0, (80, 2))
    values[::4, 1] = np.nan
    mean, low, high = mean_intervals(values, draws=4000)
    for column, count in ((0, 80), (1, 60)):
        known = values[~np.isnan(values[:, column]), column]
        half = 1.96 * known.std(ddof=0) / np.sqrt(count)  # the closed form for means of many
        assert mean[column] == pytest.approx(known.mean())
        assert [low[column], high[column]] == pytest.approx([known.mean() - half, known.mean() + half], abs=0.08 * half)
    nobody = mean_intervals(np.full((3, 1), np.nan))
    assert np.isnan(nobody).all()


def test_the_interval_of_a_difference_is_the_normal_one():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, 100), rng.normal(2, 3, 60)
    half = 1.96 * np.sqrt(first.var() / 100 + second.var() / 60)
    difference = second.mean() - first.mean()
    found = difference_interval(first, second, draws=4000)
    assert found == pytest.approx([difference - half, difference + half], abs=0.08 * half)
    assert found == difference_interval(first, second, draws=4000) != difference_interval(first, second, seed=1)
