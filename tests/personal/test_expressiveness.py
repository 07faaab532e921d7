"""The expressiveness of a day against NumPy, and its error against the spread of many days."""

import numpy as np
import pytest

from affect_jax.personal.expressiveness import FEWEST_SECONDS, measure


def process(rng, frames, memory=0.95):
    """Valence and arousal that wander like expressions of about a second."""
    found = np.zeros((frames, 2))
    steps = rng.normal(0, np.sqrt(1 - memory**2), (frames, 2))
    for frame in range(1, frames):
        found[frame] = memory * found[frame - 1] + steps[frame]
    return 0.2 * found


def test_the_value_is_the_root_mean_square_distance_from_the_median():
    values = np.random.default_rng(0).uniform(-1, 1, (801, 2))  # odd, so that the median is one of them
    found = measure(values, np.full(801, 0.1))
    expected = np.sqrt(((values - np.median(values, 0)) ** 2).sum(-1).mean())
    assert found.value == pytest.approx(expected, rel=1e-12) and found.seconds == pytest.approx(80.1)


def test_a_frame_that_stands_twice_as_long_counts_like_two():
    values = np.random.default_rng(1).uniform(-1, 1, (400, 2))
    standing = np.random.default_rng(2).integers(1, 4, 400)
    repeated = measure(np.repeat(values, standing, axis=0), np.full(standing.sum(), 0.1))
    assert measure(values, standing * 0.1).value == pytest.approx(repeated.value, rel=1e-12)


def test_a_shift_of_all_frames_changes_nothing_and_a_factor_is_the_ratio():
    values, seconds = process(np.random.default_rng(3), 801), np.full(801, 0.1)
    plain, other = measure(values, seconds), measure(0.7 * values + (0.3, -0.2), seconds)
    assert other.value / plain.value == pytest.approx(0.7) and other.noise_seconds == pytest.approx(plain.noise_seconds)


def test_frames_without_a_value_or_a_duration_do_not_count():
    values, seconds = process(np.random.default_rng(4), 600), np.full(600, 0.1)
    spoiled = np.concatenate([values, [[np.nan, 0.0], [5.0, 5.0]]])
    assert measure(spoiled, np.append(seconds, [0.1, 0.0])) == measure(values, seconds)
    nothing = measure(np.zeros((0, 2)), np.zeros(0))
    assert np.isnan(nothing.value) and nothing.seconds == 0


def test_the_error_is_the_spread_of_days_of_the_same_process():
    rng = np.random.default_rng(5)
    days = [measure(process(rng, 1000), np.full(1000, 0.1)) for _ in range(150)]
    spread = np.log([day.value for day in days]).var(ddof=1)
    claimed = np.mean([day.noise_seconds / day.seconds for day in days])
    assert claimed == pytest.approx(spread, rel=0.3)  # a variance of 150 days is known to 12 %


def test_the_error_is_unknown_in_short_days_and_the_value_zero_in_constant_ones():
    values = process(np.random.default_rng(6), 299)
    short = measure(values, np.full(299, 0.1))
    assert short.seconds < FEWEST_SECONDS and np.isnan(short.noise_seconds) and short.value > 0
    constant = measure(np.full((400, 2), 0.25), np.full(400, 0.1))
    assert constant.value == 0 and np.isnan(constant.noise_seconds)
