import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.personal import rehearsal
from affect_jax.personal.labeled import MOST_FRAMES
from affect_jax.personal.rehearsal import Schedule, choose_schedule, draw_frames, frames_to_gather, rehearsed_persons

STOPS = len(rehearsal.STOPS)


def test_a_schedule_takes_the_amount_that_is_nearest_by_ratio():
    schedule = Schedule(np.float32([1, 10, 100]), np.float32([0.1, 0.2, 0.3]), np.int32([5, 6, 7]))
    for seconds, steps in [(0.0, 5), (2.9, 5), (3.5, 6), (31, 6), (32, 7), (1e5, 7)]:
        assert int(schedule.at(np.float32(seconds))[1]) == steps
    assert float(schedule.at(np.float32(9))[0]) == np.float32(0.2)


def test_a_block_is_contiguous_and_what_is_near_is_not_scored(sources):
    """Blocks of 6 of 60 frames; 12 frames and 1 s on either side (10 frames) are kept from being scored."""
    given = sources.given
    labeled, scored = draw_frames("block", 0.1, given, np.random.default_rng(0))
    assert not np.any((labeled + scored) * given.neutral)
    for person in range(5):
        chosen = np.flatnonzero(labeled[person])
        np.testing.assert_array_equal(chosen, chosen[0] + np.arange(6))
        distance = np.abs(np.arange(60)[:, None] - chosen[None]).min(1)
        assert scored[person].sum() >= 60 - 6 - 10 - 12 - 20
        assert not np.any(scored[person, distance < 10])


def test_without_times_frames_are_far_from_each_other(sources):
    given = dataclasses.replace(sources.given, time_seconds=None)
    labeled, scored = draw_frames("block", 0.2, given, np.random.default_rng(0))
    np.testing.assert_array_equal(labeled + scored, 1 - given.neutral)
    np.testing.assert_array_equal(labeled.sum(1), np.full(5, 12))


def test_few_persons_are_rehearsed_repeatedly_and_many_in_part():
    np.testing.assert_array_equal(np.bincount(rehearsed_persons(9)), [2, 2, 2, 2, 2, 2, 2, 2, 2])
    some = rehearsed_persons(90)
    assert len(some) == len(set(some.tolist())) == 18 and some[0] == 0 and some[-1] == 89


@pytest.mark.parametrize(("count", "size"), [(1, 32), (32, 32), (33, 128), (129, MOST_FRAMES), (5000, MOST_FRAMES)])
def test_gathered_sizes_are_few(count, size):
    assert frames_to_gather(np.ones((2, count), np.float32)) == size


def test_the_best_stop_and_learning_rate_of_each_amount_are_chosen(monkeypatch, sources):
    """A path that predicts the labels only at stop 3 and rate 1e-3 with many labels, at stop 1 and 1e-2 with few."""
    monkeypatch.setattr(rehearsal, "AMOUNTS", (("block", 0.05), ("random", 0.2)))

    def path(person, given, learning_rate, key, most):
        many = jnp.sum(given.labeled) > 10
        rate = jnp.where(many, 1e-3, 1e-2)
        stop = jnp.where(many, 3, 1)
        right = (jnp.arange(STOPS) == stop) & (jnp.abs(learning_rate - rate) < 1e-6)
        noise = jax.random.normal(key, (STOPS, *given.label.shape))
        return given.label[None] + jnp.where(right[:, None, None], 0.0, noise)

    schedule = choose_schedule(path, sources, jax.random.key(0))
    np.testing.assert_array_equal(schedule.steps, [rehearsal.STOPS[1], rehearsal.STOPS[3]])
    np.testing.assert_allclose(schedule.learning_rate, [1e-2, 1e-3])
    # 3 frames in a row tell about 10 + 2 * 0.1 s.
    np.testing.assert_allclose(schedule.seconds[0], 10.2, rtol=1e-5)
