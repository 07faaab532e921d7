import dataclasses

import numpy as np
import pytest
from records import no_labels

from affect_jax.data.augment import AugmentConfig, Jitter, color_map, draw_jitter
from affect_jax.data.face_crops import prepare
from affect_jax.data.source import label_row
from affect_jax.ops.geometry import MIRRORED_LANDMARKS, CropConfig
from affect_jax.types import Label

STILL = AugmentConfig(rotation_degrees=0.0, scale=0.0, shift=0.0, flip_probability=0.0, brightness=0.0, contrast=0.0,
                      saturation=0.0, tint=0.0)  # fmt: skip


def labeled(landmarks):
    labels = label_row(no_labels(1, 8), 0)
    return labels.replace(landmarks=Label(landmarks.astype(np.float32), np.float32(1)))


def dotted(points, size=160):
    """A black image with a smooth white dot at each point."""
    y, x = np.mgrid[:size, :size]
    spots = [np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 2.0**2)) for px, py in points]
    return np.repeat((255 * np.clip(sum(spots), 0, 1)).astype(np.uint8)[..., None], 3, 2)


def brightest(image):
    """Center of mass of the brightest spot, (x, y)."""
    gray = image[..., 0].astype(np.float64)
    y, x = np.unravel_index(gray.argmax(), gray.shape)
    y0, x0 = max(y - 8, 0), max(x - 8, 0)
    patch = gray[y0 : y + 9, x0 : x + 9]
    rows, columns = np.mgrid[y0 : y0 + patch.shape[0], x0 : x0 + patch.shape[1]]
    return np.array([(patch * columns).sum(), (patch * rows).sum()]) / patch.sum()


@pytest.fixture
def points():
    rng = np.random.default_rng(5)
    return np.array([80, 70]) + rng.uniform(-22, 22, (68, 2))


def test_evaluation_crop_of_a_hand_worked_case():
    # Box 30..70 x 40..60: center (50, 50), mean side 30, crop side 60 at ratio 2: corner pixel center (20.5, 20.5)
    # of a 60-px crop: the crop is the image sampled half-way between pixels, and landmark (30, 40) -> (9.5, 19.5).
    landmarks = np.tile([[30.0, 40.0], [70.0, 60.0]], (34, 1))
    image = np.random.default_rng(0).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    pixels, labels = prepare(image, labeled(landmarks), 60, None, AugmentConfig(), crop=CropConfig(2.0))
    np.testing.assert_allclose(labels["landmarks"].value[:2], [[9.5, 19.5], [49.5, 39.5]], atol=1e-5)
    whole = image.astype(np.float64) / 255
    between = (whole[20:80, 20:80] + whole[21:81, 20:80] + whole[20:80, 21:81] + whole[21:81, 21:81]) / 4
    assert pixels.dtype == np.float32 and pixels.shape == (60, 60, 3)
    np.testing.assert_allclose(pixels, between, atol=1.01 / 255)


def test_without_landmarks_the_whole_image_fits_the_crop():
    image = np.full((40, 80, 3), 200, np.uint8)
    pixels, labels = prepare(image, label_row(no_labels(1, 8), 0), 80, None, AugmentConfig())
    np.testing.assert_allclose(pixels[20:60], 200 / 255, atol=1e-6)
    assert not pixels[:20].any() and not pixels[60:].any() and not labels["landmarks"].value.any()


@pytest.mark.parametrize("seed", range(6))
def test_landmarks_move_with_the_pixels(points, seed):
    marked = 7
    config = AugmentConfig(brightness=0.0, contrast=0.0, saturation=0.0, tint=0.0)
    image = dotted(points[marked : marked + 1])
    pixels, labels = prepare(image, labeled(points), 96, np.random.default_rng(seed), config)
    flipped = draw_jitter(np.random.default_rng(seed), config).flip
    place = int(np.flatnonzero(MIRRORED_LANDMARKS == marked)[0]) if flipped else marked
    np.testing.assert_allclose(brightest(pixels), labels["landmarks"].value[place], atol=0.35)


def test_a_switched_off_jitter_is_the_evaluation_crop(points):
    image = np.random.default_rng(1).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    jittered, _ = prepare(image, labeled(points), 64, np.random.default_rng(0), STILL)
    plain, _ = prepare(image, labeled(points), 64, None, STILL)
    np.testing.assert_array_equal(jittered, plain)


def test_frames_of_a_clip_share_one_draw(points):
    image = np.random.default_rng(1).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    jitter = draw_jitter(np.random.default_rng(3), AugmentConfig())
    first, _ = prepare(image, labeled(points), 48, None, AugmentConfig(), jitter)
    again, _ = prepare(image, labeled(points), 48, np.random.default_rng(9), AugmentConfig(), jitter)
    np.testing.assert_array_equal(first, again)


def test_color_of_pixels_is_clipped_to_the_unit_range():
    image = np.full((32, 32, 3), 250, np.uint8)
    jitter = Jitter(color=color_map(0.3, 1.2, 1.0, np.ones(3)))
    pixels, _ = prepare(image, label_row(no_labels(1, 8), 0), 32, None, STILL, jitter)
    assert pixels.max() == 1.0
    dark = Jitter(color=color_map(-0.1, 1.0, 1.0, np.ones(3)))
    pixels, _ = prepare(image, label_row(no_labels(1, 8), 0), 32, None, STILL, dark)
    np.testing.assert_allclose(pixels, 250 / 255 - 0.1, atol=0.6 / 255)


def test_color_leaves_the_border_outside_the_image_black():
    image = np.full((40, 80, 3), 200, np.uint8)  # fills rows 20 to 59 of an 80-px crop
    jitter = Jitter(color=color_map(0.1, 1.0, 1.0, np.ones(3)))
    pixels, _ = prepare(image, label_row(no_labels(1, 8), 0), 80, None, STILL, jitter)
    assert not pixels[:20].any() and not pixels[60:].any()
    np.testing.assert_allclose(pixels[20:60], 200 / 255 + 0.1, atol=0.6 / 255)


def test_grayscale_images_have_three_equal_channels():
    image = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    config = dataclasses.replace(STILL, gray_probability=1.0)
    pixels, _ = prepare(image, label_row(no_labels(1, 8), 0), 32, np.random.default_rng(0), config)
    np.testing.assert_array_equal(pixels[..., 0], pixels[..., 2])


def test_an_erased_rectangle_holds_noise_and_the_rest_is_untouched():
    image = np.full((32, 32, 3), 100, np.uint8)
    pixels, _ = prepare(
        image, label_row(no_labels(1, 8), 0), 32, None, STILL, Jitter(erased=(0.25, 0.5, 0.25, 0.375), noise_seed=4)
    )
    inside = np.zeros((32, 32), bool)
    inside[8:16, 16:28] = True
    np.testing.assert_allclose(pixels[~inside], 100 / 255, atol=1e-6)
    np.testing.assert_allclose(pixels[inside].mean(), 0.5, atol=0.06)
    np.testing.assert_allclose(pixels[inside].std(), np.sqrt(1 / 12), atol=0.04)  # uniform noise


def test_a_crop_without_a_side_is_refused():
    with pytest.raises(ValueError, match=r"crop\.side_ratio is 0\.0; expected a positive ratio such as 1\.818"):
        CropConfig(side_ratio=0.0)
