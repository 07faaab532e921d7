"""Clips folded into batches of frames, and the average over neighboring frames."""

import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.nn.frames import TemporalPool, per_frame


@pytest.mark.parametrize("split", [(1, 1), (2, 1), (1, 4), (2, 2)])
def test_frames_of_a_part_stay_together_and_come_back_in_order(split):
    clips, folded = jnp.arange(4.0 * 8 * 3).reshape(4, 8, 3), []

    def double(frames):
        folded.append(frames)
        return {"doubled": 2 * frames}

    np.testing.assert_array_equal(per_frame(double, clips, split)["doubled"], 2 * clips)
    rows, columns = split if split[1] > 1 else (1, 1)
    first = clips[: 4 // rows, : 8 // columns].reshape(-1, 3)
    np.testing.assert_array_equal(folded[0][: len(first)], first)


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
