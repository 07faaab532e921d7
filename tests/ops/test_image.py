"""Warps of pictures against direct resampling in float64."""

import numpy as np

from affect_jax.ops.geometry import Crop, crop_matrix, invert, warp_points
from affect_jax.ops.image import warp_image


def resampled(image: np.ndarray, matrix: np.ndarray, size_px: int) -> np.ndarray:
    """Bilinear resampling pixel by pixel; black outside."""
    height, width = image.shape[:2]
    result = np.zeros((size_px, size_px, 3))
    grid = np.stack(np.meshgrid(np.arange(size_px), np.arange(size_px)), axis=-1).astype(float)
    for row in range(size_px):
        for column in range(size_px):
            x, y = warp_points(invert(matrix), grid[row, column])
            left, top = int(np.floor(x)), int(np.floor(y))
            for place_y, share_y in ((top, top + 1 - y), (top + 1, y - top)):
                for place_x, share_x in ((left, left + 1 - x), (left + 1, x - left)):
                    if 0 <= place_x < width and 0 <= place_y < height:
                        result[row, column] += share_x * share_y * image[place_y, place_x]
    return result


def smooth_picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    channels = [127 + 100 * np.sin(x / 5 + phase) * np.cos(y / 7) for phase in (0, 1, 2)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def test_an_enlarging_warp_equals_direct_bilinear_resampling():
    image = smooth_picture(20, 30)
    for crop in (Crop(14.0, 9.0, 16.0), Crop(3.0, 4.0, 20.0, 30.0), Crop(14.0, 9.0, 16.0, -10.0, True)):
        matrix = crop_matrix(crop, 24)
        difference = warp_image(image, matrix, 24) - resampled(image, matrix, 24)
        assert np.abs(difference).max() < 5  # OpenCV rounds positions to 1/32 px; a step in the picture is 30 a pixel
        assert np.abs(difference).mean() < 0.8


def test_a_shrinking_warp_of_whole_blocks_is_their_mean():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    matrix = crop_matrix(Crop(15.5, 15.5, 32.0), 8)
    means = image.reshape(8, 4, 8, 4, 3).astype(float).mean((1, 3))
    assert np.abs(warp_image(image, matrix, 8) - means).max() <= 0.51


def test_a_shrinking_warp_keeps_places():
    # A bright disc stays where its center goes, whatever the shrinking.
    y, x = np.mgrid[:200, :300]
    image = np.repeat((255 * np.exp(-((x - 180) ** 2 + (y - 70) ** 2) / 800))[..., None], 3, 2).astype(np.uint8)
    matrix = crop_matrix(Crop(160.0, 90.0, 180.0, 15.0), 60)
    small = warp_image(image, matrix, 60)[..., 0].astype(float)
    rows, columns = np.mgrid[:60, :60]
    centroid = [(small * columns).sum() / small.sum(), (small * rows).sum() / small.sum()]
    np.testing.assert_allclose(centroid, warp_points(matrix, np.array([180.0, 70.0])), atol=0.1)


def test_outside_the_picture_is_black():
    image = np.full((10, 10, 3), 200, np.uint8)
    cut = warp_image(image, crop_matrix(Crop(-20.0, 5.0, 10.0), 10), 10)
    assert not cut.any()


def test_what_lies_far_from_the_crop_changes_nothing():
    y, x = np.mgrid[:300, :400]
    channels = [127 + 100 * np.sin(x / 19 + phase) * np.cos(y / 23) for phase in (0, 1, 2)]
    image = np.stack(channels, axis=-1).astype(np.uint8)
    other = image.copy()
    other[:, 330:] = 255
    matrix = crop_matrix(Crop(200.0, 150.0, 150.0, 20.0), 50)  # the turned square reaches to x = 296
    np.testing.assert_array_equal(warp_image(image, matrix, 50), warp_image(other, matrix, 50))
    # A smooth picture shrunk by 3 is the picture at the places asked for.
    difference = warp_image(image, matrix, 50) - resampled(image, matrix, 50)
    assert np.abs(difference).max() < 4
