"""Crops of stored faces are the crops of the images they were cut from."""

import cv2
import numpy as np
import pytest
from records import no_labels

from affect_jax.data.augment import AugmentConfig, Jitter, draw_jitter
from affect_jax.data.face_crops import prepare
from affect_jax.data.source import Table, label_row
from affect_jax.data.stored_faces import CutFaces, StoredConfig, reach
from affect_jax.ops.geometry import DEFAULT_CROP, Crop, crop_matrix, invert, landmark_crop, warp_points

CENTERS = {"inside": (150, 140), "at the upper left": (40, 30), "at the lower right": (270, 215)}


class Scene:
    """Smooth images of 300 x 240 px, each with a face of a given size at a given place; the last has no landmarks."""

    label_set = "affectnet_8"

    def __init__(self, centers, face_px):
        rng = np.random.default_rng(0)
        labels, self.images = no_labels(len(centers) + 1, 8), []
        for index, center in enumerate(centers):
            labels["landmarks"].value[index] = rng.uniform(-face_px / 2, face_px / 2, (68, 2)) + center
            labels["landmarks"].weight[index] = 1
        for _ in range(len(centers) + 1):
            noise = rng.uniform(0, 255, (24, 30, 3)).astype(np.float32)
            self.images.append(
                cv2.resize(noise, (300, 240), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
            )
        names, zeros = [str(index) for index in range(len(self.images))], np.zeros(len(self.images), np.int64)
        self.examples = Table(names, names, [""] * len(names), zeros, zeros / 1, labels)

    def image(self, index):
        return self.images[index]


def crop(source, index, jitter=None, px=64):
    labels = label_row(source.examples.labels, index)
    return prepare(source.image(index), labels, px, None, AugmentConfig(), crop_jitter=jitter or Jitter())


@pytest.mark.parametrize("face_px", [30, 66, 130])  # stored as it is, and shrunk
def test_evaluation_crops_and_labels_are_those_of_the_image(face_px):
    scene = Scene(CENTERS.values(), face_px)
    cut = CutFaces(scene, StoredConfig(crop_px=64), DEFAULT_CROP)
    for index in range(len(CENTERS)):
        (direct, labels), (stored, moved) = crop(scene, index), crop(cut, index)
        difference = np.abs(stored - direct) * 255
        assert difference.mean() < (0.01 if face_px == 30 else 1) and np.quantile(difference, 0.99) < 4
        np.testing.assert_allclose(moved["landmarks"].value, labels["landmarks"].value, atol=0.01)
        assert max(cut.image(index).shape) <= StoredConfig(crop_px=64).side_px + 2


def test_augmented_crops_are_those_of_the_image_with_black_beyond_its_border():
    scene, augment = Scene(CENTERS.values(), 100), AugmentConfig()
    cut = CutFaces(scene, StoredConfig(crop_px=64), DEFAULT_CROP)
    for index in range(len(CENTERS)):
        for seed in range(10):
            jitter = draw_jitter(np.random.default_rng(seed), augment)
            direct, stored = crop(scene, index, jitter)[0], crop(cut, index, jitter)[0]
            assert np.abs(stored - direct).mean() * 255 < 4  # neighbors differ by up to 25
            black = cv2.erode((direct == 0).all(-1).astype(np.uint8), np.ones((5, 5))) > 0
            assert not stored[black].any()


def test_an_image_without_landmarks_is_shrunk_as_a_whole():
    scene = Scene([], 30)
    cut = CutFaces(scene, StoredConfig(crop_px=100), DEFAULT_CROP)
    assert cut.image(0).shape == (80, 100, 3)
    expected = scene.image(0).astype(float).reshape(80, 3, 100, 3, 3).mean((1, 3))  # 300 px are 3 for each of 100
    np.testing.assert_allclose(cut.image(0), expected, atol=0.51)
    assert CutFaces(scene, StoredConfig(crop_px=400), DEFAULT_CROP).image(0) is scene.image(0)


@pytest.mark.parametrize("augment", [AugmentConfig(), AugmentConfig(rotation_degrees=80.0, scale=0.1, shift=0.2)])
def test_no_augmented_crop_reaches_beyond_the_margin(augment):
    furthest, half = 0.0, 0.5
    corners = np.array([(0, 0), (63, 0), (0, 63), (63, 63)]) + np.array([(-half, -half)])
    for seed in range(2000):
        jitter = draw_jitter(np.random.default_rng(seed), augment)
        region = Crop(jitter.shift_x, jitter.shift_y, jitter.scale, jitter.rotation_degrees, jitter.flip)
        furthest = max(furthest, 2 * np.abs(warp_points(invert(crop_matrix(region, 64)), corners)).max())
    assert 0.85 * reach(augment) < furthest <= reach(augment)


def test_parity_of_the_stored_side_keeps_the_crop_on_whole_pixels():
    for px in (63, 64):
        config = StoredConfig(crop_px=px, margin=1.5)
        assert (config.side_px - px) % 2 == 0 and config.side_px >= 1.5 * px
    scene = Scene([(150.0, 120.0)], 60)
    cut = CutFaces(scene, StoredConfig(crop_px=64), DEFAULT_CROP)
    region = landmark_crop(cut.examples.labels["landmarks"].value[0])
    middle = (StoredConfig(crop_px=64).side_px - 1) / 2
    np.testing.assert_allclose(
        (region.center_x_px, region.center_y_px, region.side_px), (middle, middle, 64), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop_px": -1}, "data.stored.crop_px is -1; expected a side in px, or 0 for whole images"),
        ({"margin": 0.5}, r"data.stored.margin is 0.5; expected 1 \(the crop alone\) to 4"),
        ({"encoding": "gif"}, "data.stored.encoding is 'gif'; choose one of jpeg, png"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        StoredConfig(**options)
