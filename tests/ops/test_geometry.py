"""The crop and its transforms against hand-worked numbers."""

import numpy as np
import pytest

from affect_jax.ops.geometry import (
    MIRRORED_LANDMARKS,
    Crop,
    crop_matrix,
    invert,
    landmark_crop,
    transform_landmarks,
    warp_points,
)


def test_the_crop_by_hand():
    # Box from (10, 20) to (110, 80): width 100, height 60, mean 80; side 80 * 200 / 110 = 145.4545.
    landmarks = np.array([[10.0, 50.0], [110.0, 30.0], [60.0, 20.0], [60.0, 80.0]])
    crop = landmark_crop(landmarks)
    assert (crop.center_x_px, crop.center_y_px) == (60, 50)
    assert crop.side_px == pytest.approx(145.4545, abs=1e-4)


def test_the_matrix_by_hand():
    # A side of 100 px becomes 200 px: scale 2; the center goes to (199 / 2, 199 / 2).
    matrix = crop_matrix(Crop(40.0, 30.0, 100.0), 200)
    np.testing.assert_allclose(matrix, [[2, 0, 99.5 - 80], [0, 2, 99.5 - 60]])
    # The border of the first pixel, half a pixel before its center, lies on the border of the region.
    np.testing.assert_allclose(warp_points(invert(matrix), np.array([[-0.5, -0.5]])), [[-10, -20]])


def test_turning_the_crop_levels_a_tilted_line():
    # A line that falls by 45 degrees to the right on the screen is level in a crop turned by -45.
    matrix = crop_matrix(Crop(0.0, 0.0, 10.0, rotation_degrees=-45.0), 10)
    start, stop = warp_points(matrix, np.array([[0.0, 0.0], [1.0, 1.0]]))
    np.testing.assert_allclose(stop - start, [np.sqrt(2), 0], atol=1e-12)


@pytest.mark.parametrize("flip", [False, True])
def test_the_inverse_takes_points_back(flip):
    matrix = crop_matrix(Crop(31.0, 17.0, 64.0, 23.0, flip), 128)
    points = np.random.default_rng(0).normal(size=(20, 2)) * 50
    np.testing.assert_allclose(warp_points(invert(matrix), warp_points(matrix, points)), points, atol=1e-10)


def test_a_mirrored_crop_swaps_left_and_right_landmarks():
    landmarks = np.random.default_rng(1).uniform(0, 99, (68, 2))
    whole = Crop(49.5, 49.5, 100.0)
    plain = transform_landmarks(landmarks, crop_matrix(whole, 100))
    mirrored = transform_landmarks(landmarks, crop_matrix(Crop(49.5, 49.5, 100.0, flip=True), 100))
    np.testing.assert_allclose(plain, landmarks, atol=1e-10)
    for one, other in ((0, 16), (36, 45), (48, 54), (31, 35), (17, 26), (60, 64), (30, 30)):
        np.testing.assert_allclose(mirrored[one], [99 - landmarks[other][0], landmarks[other][1]], atol=1e-10)


def test_mirroring_twice_changes_nothing():
    np.testing.assert_array_equal(MIRRORED_LANDMARKS[MIRRORED_LANDMARKS], np.arange(68))
