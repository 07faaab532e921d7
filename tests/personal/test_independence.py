import numpy as np
import pytest

from affect_jax.personal.independence import MEMORY_SECONDS, independent_weights


def reference(labeled, times):
    weights = np.zeros(len(times))
    used = np.flatnonzero(labeled)
    for one in used:
        weights[one] = 1 / np.exp(-np.abs(times[used] - times[one]) / MEMORY_SECONDS).sum()
    return weights


@pytest.mark.parametrize("share", [1.0, 0.3, 0.02])
def test_weights_are_those_of_all_pairs(share):
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.01, 0.4, 200))
    labeled = rng.random(200) < share
    found = independent_weights(labeled.astype(np.float32), np.where(labeled, times, np.nan).astype(np.float32))
    np.testing.assert_allclose(found, reference(labeled, times), rtol=2e-4, atol=1e-7)


def test_a_block_counts_by_its_seconds_and_frames_far_apart_by_their_number():
    times = np.arange(2000, dtype=np.float32) / 100
    block = independent_weights(np.ones(2000, np.float32), times)
    assert float(block.sum()) == pytest.approx(20 / (2 * MEMORY_SECONDS), rel=0.1)
    apart = independent_weights(np.ones(5, np.float32), 60 * np.arange(5, dtype=np.float32))
    np.testing.assert_allclose(apart, np.ones(5), rtol=1e-6)
    together = independent_weights(np.ones(4, np.float32), np.full(4, 7.0, np.float32))
    np.testing.assert_allclose(together, np.full(4, 0.25), rtol=1e-6)


def test_without_times_every_labeled_frame_counts():
    np.testing.assert_array_equal(independent_weights(np.float32([0, 1, 1]), None), [0, 1, 1])
    nobody = independent_weights(np.zeros(3, np.float32), np.full(3, np.nan, np.float32))
    np.testing.assert_array_equal(nobody, np.zeros(3))
