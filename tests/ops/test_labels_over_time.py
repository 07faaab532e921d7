"""Traces on another clock, against numpy's own interpolation and sums written out."""

import numpy as np
import pytest

from affect_jax.ops.labels_over_time import compensate_delay, resample, smooth

RNG = np.random.default_rng(0)


def test_inside_the_trace_it_is_linear_interpolation_and_outside_nothing():
    times, values = np.sort(RNG.uniform(0, 5, 40)), RNG.normal(size=(40, 2))
    at = np.linspace(-1, 6, 200)
    found, weight = resample(times, values, np.ones(40), at)
    inside = (at >= times[0]) & (at <= times[-1])
    np.testing.assert_array_equal(weight, inside)
    expected = np.stack([np.interp(at, times, values[:, d]) for d in (0, 1)], axis=1)
    np.testing.assert_allclose(found[inside], expected[inside], atol=1e-12)
    assert not found[~inside].any()


def test_ten_hertz_on_a_clock_of_twenty_five_by_hand():
    times, values = np.array([0.0, 0.1, 0.2]), np.array([0.0, 1.0, -1.0], np.float32)
    found, weight = resample(times, values, np.ones(3), np.arange(7) / 25)
    np.testing.assert_allclose(found, [0, 0.4, 0.8, 0.6, -0.2, -1.0, 0], atol=1e-6)
    assert weight.tolist() == [1, 1, 1, 1, 1, 1, 0]  # 0.24 s is after the last sample
    assert found.dtype == np.float32


def test_unknown_samples_and_long_gaps_go_into_nothing():
    times, weight = np.array([0.0, 1, 2, 3, 10, 11]), np.array([1.0, 1, 0, 1, 1, 1])
    values = np.array([0.0, 1, np.nan, 3, 10, 11])
    at = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0, 10.5])
    found, known = resample(times, values, weight, at, longest_gap_seconds=1.0)
    assert known.tolist() == [1, 1, 0, 0, 0, 1, 0, 1, 1]
    np.testing.assert_array_equal(found, [0.5, 1, 0, 0, 0, 3, 0, 10, 10.5])
    bridged, known = resample(times, values, weight, np.array([5.0]))
    assert (bridged[0], known[0]) == (5.0, 1.0)


def test_a_trace_of_one_sample_or_none():
    found, weight = resample(np.array([1.0]), np.array([7.0]), np.ones(1), np.array([0.9, 1.0, 1.1]))
    assert found.tolist() == [0, 7, 0] and weight.tolist() == [0, 1, 0]
    found, weight = resample(np.zeros(0), np.zeros((0, 2)), np.zeros(0), np.array([0.0, 1.0]))
    assert found.shape == (2, 2) and not weight.any()


def test_a_delay_of_whole_frames_is_a_shift_and_the_end_is_unknown():
    times, values = np.arange(50) / 12.5, RNG.normal(size=(50, 2))
    found, weight = compensate_delay(times, values, np.ones(50), 5 / 12.5)
    np.testing.assert_allclose(found[:45], values[5:], atol=1e-9)
    assert weight.tolist() == [1] * 45 + [0] * 5 and not found[45:].any()


def test_the_delay_of_raters_is_undone_exactly_for_a_straight_line():
    truth = lambda seconds: 0.1 * seconds - 0.3
    times = np.arange(0, 4, 0.08)
    found, weight = compensate_delay(times, truth(times - 0.93), np.ones(len(times)), 0.93)
    known = weight > 0
    np.testing.assert_allclose(found[known], truth(times[known]), atol=1e-12)
    assert known.sum() == (times + 0.93 <= times[-1] + 1e-6).sum()


def test_smoothing_is_the_weighted_mean_of_the_known_samples():
    times = np.sort(RNG.uniform(0, 3, 60))
    values, weight = RNG.normal(size=(60, 2)), (RNG.uniform(size=60) > 0.3).astype(float)
    poisoned = np.where(weight[:, None] > 0, values, np.nan)
    found = smooth(times, poisoned, weight, 0.2)
    for i in range(60):
        distance = np.abs(times - times[i])
        share = np.exp(-((distance / 0.2) ** 2) / 2) * (distance <= 0.6) * weight
        expected = (share[:, None] * values).sum(0) / share.sum() if weight[i] else np.zeros(2)
        np.testing.assert_allclose(found[i], expected, atol=1e-12)


def test_smoothing_over_no_time_changes_nothing():
    same = smooth(np.arange(3) / 25, np.array([1.0, 2, 3]), np.ones(3), 0.0)
    assert same.tolist() == [1, 2, 3]


def test_what_cannot_be_is_said():
    times, ones = np.array([0.0, 0.2, 0.2]), np.ones(3)
    with pytest.raises(ValueError, match=r"times must increase, but sample 2 at 0.2 s follows one at 0.2 s"):
        resample(times, ones, ones, ones)
    with pytest.raises(ValueError, match=r"the delay is -1.0 s, expected 0 or more"):
        compensate_delay(np.arange(3.0), ones, ones, -1.0)
    with pytest.raises(ValueError, match=r"smoothing width is -1.0 s"):
        smooth(np.arange(3.0), ones, ones, -1.0)
