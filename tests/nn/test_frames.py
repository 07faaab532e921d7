"""The average over neighboring frames."""

import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.nn.frames import TemporalPool


@pytest.mark.parametrize("causal", [False, True])
def test_a_new_pool_is_the_present_frame_and_a_trained_one_a_weighted_mean(causal):
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(2, 6, 3))
    pool = TemporalPool(3, 3, causal)
    np.testing.assert_array_equal(pool(jnp.float32(signal)), np.float32(signal))
    offsets, before = rng.normal(size=(3, 3)), 2 if causal else 1
    pool.offsets[...] = jnp.float32(offsets)
    taps = offsets - offsets.mean(0) + np.eye(3)[before][:, None]
    expected = np.zeros_like(signal)
    for t in range(6):
        for tap in range(3):
            expected[:, t] += taps[tap] * signal[:, np.clip(t + tap - before, 0, 5)]  # ends are continued
    np.testing.assert_allclose(pool(jnp.float32(signal)), expected, atol=1e-5)


def test_a_constant_clip_stays_constant_up_to_its_ends_whatever_was_learned():
    pool = TemporalPool(1, 5)
    pool.offsets[...] = jnp.array([[3.0], [-1.0], [0.5], [2.0], [-0.3]])
    np.testing.assert_allclose(pool(jnp.full((1, 7, 1), 3.0)), 3.0, rtol=1e-6)
