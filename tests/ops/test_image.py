"""Warps of pictures against direct resampling in float64."""

import csv

import jax
import numpy as np
import pytest
from emonet_crop import emonet_crop

from affect_jax.files.images import decode
from affect_jax.ops.geometry import EMONET, WARPS, Crop, CropConfig, crop_matrix, invert, landmark_crop, warp_points
from affect_jax.ops.image import unit_range, warp_image


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
        assert np.abs(difference).max() <= 1


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


def face_crop(image: np.ndarray, landmarks: np.ndarray, warp: str, size_px: int) -> np.ndarray:
    region = landmark_crop(landmarks, CropConfig(warp=warp))
    return warp_image(image, crop_matrix(region, size_px), size_px, region.warp)


def textured_image(height: int, width: int) -> np.ndarray:
    """Noise of one pixel, which a shrinking warp aliases, over waves and a hard edge."""
    image = smooth_picture(height, width).astype(float) + np.random.default_rng(3).normal(0, 60, (height, width, 3))
    image[:, width // 2 :] -= 90
    return np.clip(image, 0, 255).astype(np.uint8)


BOXES = {
    "shrunk": (70.3, 60.1, 290.2, 270.4),
    "enlarged": (100.0, 120.5, 150.25, 163.0),
    "cut": (-20.5, 3.0, 180.0, 260.7),
}


@pytest.mark.parametrize("size_px", [256, 64])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_the_emonet_crop_is_the_published_one_to_the_gray_level(box, size_px):
    image, corners = textured_image(330, 360), np.array(box).reshape(2, 2)
    landmarks = corners[0] + np.random.default_rng(0).uniform(0, 1, (68, 2)) * (corners[1] - corners[0])
    landmarks[:2] = corners
    expected = emonet_crop(image, landmarks, size_px)
    assert np.abs(face_crop(image, landmarks, EMONET, size_px) - expected).max() <= 1
    # The other crop is another one: half a pixel beside it and, where it shrinks, averaged.
    assert np.abs(face_crop(image, landmarks, "antialiased", size_px) - expected).max() > 30


def test_the_center_of_the_box_falls_on_pixel_128_of_256():
    image = np.zeros((300, 300, 3), np.uint8)
    image[150, 140] = 255
    landmarks = np.array([[85.0, 95.0], [195.0, 205.0]])  # center (140, 150), side 200
    rows, columns = np.nonzero(face_crop(image, landmarks, EMONET, 200)[..., 0])
    assert (rows.tolist(), columns.tolist()) == ([100], [100])  # one pixel a pixel, not spread over four
    rows, columns = np.nonzero(face_crop(image, landmarks, "antialiased", 200)[..., 0])
    assert (sorted(set(rows)), sorted(set(columns))) == ([99, 100], [99, 100])


@pytest.mark.parametrize("warp", WARPS)
def test_a_mirrored_crop_is_the_mirror_image_of_the_crop(warp):
    image = textured_image(120, 140)
    region, mirrored = (Crop(70.2, 61.7, 90.0, flip=flip, warp=warp) for flip in (False, True))
    plain = warp_image(image, crop_matrix(region, 64), 64, warp).astype(int)
    flipped = warp_image(image, crop_matrix(mirrored, 64), 64, warp)
    assert np.abs(flipped[:, ::-1] - plain).max() <= 1


def test_the_emonet_crop_of_photographs_is_the_published_one_to_the_gray_level(shared_data):
    folder = shared_data / "real_faces"
    with open(folder / "validation.csv", newline="") as file:
        rows = list(csv.DictReader(file))[::20]
    for row in rows:
        landmarks = np.array(row["facial_landmarks"].split(";"), np.float32).reshape(68, 2)
        image = decode((folder / row["subDirectory_filePath"]).read_bytes())
        difference = face_crop(image, landmarks, EMONET, 256) - emonet_crop(image, landmarks)
        assert np.abs(difference).max() <= 1, row["subDirectory_filePath"]


def test_bytes_become_the_same_floats_on_the_host_and_on_a_device():
    levels = np.arange(256, dtype=np.uint8)
    expected = (levels.astype(np.float64) * np.float64(np.float32(1 / 255))).astype(np.float32)  # rounded once
    np.testing.assert_array_equal(unit_range(levels), expected)
    np.testing.assert_array_equal(np.asarray(jax.jit(unit_range)(levels)), expected)
    assert expected[0] == 0 and expected[-1] == 1 and unit_range(levels).dtype == np.float32
