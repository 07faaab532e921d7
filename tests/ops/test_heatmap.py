import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.ops.heatmap import decode_heatmaps, render_heatmaps


def gaussians(landmarks: np.ndarray, image_px: int, map_px: int, sigma: float) -> np.ndarray:
    """float64, written point by point: the center of picture pixel 0 lies half a pixel inside the map's edge."""
    maps = np.zeros((map_px, map_px, len(landmarks)))
    stride = image_px / map_px
    for point, (x, y) in enumerate(landmarks):
        for row in range(map_px):
            for column in range(map_px):
                # Center of this map pixel, in pixels of the picture.
                there_x, there_y = stride * column + (stride - 1) / 2, stride * row + (stride - 1) / 2
                squared = ((there_x - x) ** 2 + (there_y - y) ** 2) / stride**2
                maps[row, column, point] = np.exp(-squared / (2 * sigma**2))
    return maps


@pytest.mark.parametrize(("image_px", "map_px", "sigma"), [(64, 16, 1.0), (32, 8, 0.7), (48, 16, 1.5)])
def test_heatmaps_are_the_gaussians_of_a_float64_loop(image_px, map_px, sigma):
    landmarks = np.random.default_rng(0).uniform(-5, image_px + 4, (9, 2))
    found = render_heatmaps(jnp.float32(landmarks), image_px, map_px, sigma)
    np.testing.assert_allclose(found, gaussians(landmarks, image_px, map_px, sigma), atol=2e-6)


def test_a_batch_of_faces_is_each_face_by_itself():
    landmarks = jnp.float32(np.random.default_rng(1).uniform(0, 32, (2, 3, 5, 2)))
    together = render_heatmaps(landmarks, 32, 8, 1.0)
    for place in np.ndindex(2, 3):
        np.testing.assert_array_equal(together[place], render_heatmaps(landmarks[place], 32, 8, 1.0))


@pytest.mark.parametrize("map_px", [16, 64])
def test_landmarks_come_back_from_their_heatmaps(map_px):
    stride = 256 / map_px
    landmarks = np.random.default_rng(2).uniform(1.5 * stride, 256 - 1.5 * stride, (4, 68, 2)).astype(np.float32)
    maps = np.stack([gaussians(face, 256, map_px, 1.0) for face in landmarks]).astype(np.float32)
    found = decode_heatmaps(jnp.asarray(maps), 256)
    assert np.abs(found - landmarks).max() < 0.01 * stride  # the parabola through the logarithm is exact


def test_landmarks_come_back_from_noisy_heatmaps_within_half_a_map_pixel():
    rng = np.random.default_rng(3)
    landmarks = rng.uniform(8, 56, (68, 2))
    maps = gaussians(landmarks, 64, 16, 1.0) + rng.normal(0, 0.02, (16, 16, 68))
    found = decode_heatmaps(jnp.float32(maps), 64)
    assert np.abs(found - landmarks).max() < 0.5 * 4


def test_a_peak_on_the_border_and_a_flat_map_stay_finite_and_on_their_pixel():
    corner = jnp.zeros((8, 8, 1)).at[0, 7, 0].set(1.0)
    np.testing.assert_allclose(decode_heatmaps(corner, 32)[0], [7 * 4 + 1.5, 1.5])
    assert np.isfinite(decode_heatmaps(jnp.full((8, 8, 1), -1.0), 32)).all()


def test_gradient_of_a_heatmap_loss_equals_finite_differences():
    landmarks = jnp.float32([[10.0, 17.0], [20.3, 8.8]])
    target = render_heatmaps(landmarks + 1.0, 32, 8, 1.0)
    loss = lambda points: ((render_heatmaps(points, 32, 8, 1.0) - target) ** 2).sum()
    slope = jax.grad(loss)(landmarks)
    step = 0.05
    for place in np.ndindex(2, 2):
        shift = jnp.zeros((2, 2)).at[place].set(step)
        finite = (loss(landmarks + shift) - loss(landmarks - shift)) / (2 * step)
        np.testing.assert_allclose(slope[place], finite, rtol=2e-3, atol=1e-4)
