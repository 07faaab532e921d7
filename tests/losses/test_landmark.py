"""The error of heatmaps against float64 NumPy."""

import jax.numpy as jnp
import numpy as np

from affect_jax.losses.landmark import heatmap_error
from affect_jax.ops.heatmap import render_heatmaps


def test_heatmap_error_leaves_out_landmarks_beyond_the_border():
    rng = np.random.default_rng(2)
    landmarks = np.float32(rng.uniform(1, 14, (2, 68, 2)))
    landmarks[0, :34, 0] = 200.0  # half of the first face is off the image
    heatmaps = np.float32(rng.normal(0, 0.1, (2, 1, 8, 8, 68)))
    error = heatmap_error(jnp.asarray(heatmaps), jnp.asarray(landmarks), jnp.ones(2), image_px=16, sigma=1.0)
    target = np.asarray(render_heatmaps(jnp.asarray(landmarks), 16, 8, 1.0), np.float64)
    squared = ((heatmaps[:, 0] - target) ** 2).mean((1, 2))
    np.testing.assert_allclose(error, [squared[0, 34:].mean(), squared[1].mean()], rtol=1e-5)


def test_heatmap_error_of_perfect_modules_is_zero_and_counts_every_module():
    landmarks = jnp.asarray(np.float32(np.random.default_rng(3).uniform(2, 13, (1, 3, 68, 2))))  # a clip of 3 frames
    target = render_heatmaps(landmarks, 16, 8, 1.0)
    perfect = jnp.stack([target, target], axis=2)
    weight = jnp.ones((1, 3))
    assert not heatmap_error(perfect, landmarks, weight, image_px=16, sigma=1.0).any()
    half = jnp.stack([target, target + 0.2], axis=2)  # 0.04 in one of two modules
    np.testing.assert_allclose(heatmap_error(half, landmarks, weight, image_px=16, sigma=1.0), 0.02, rtol=1e-5)
