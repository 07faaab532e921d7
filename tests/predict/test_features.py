"""Features of the faces of videos and images, with a network that sees the mean level of a crop."""

import dataclasses

import cv2
import numpy as np
import pytest

from affect_jax.faces.face import Face
from affect_jax.faces.geometry_signature import geometry_signature
from affect_jax.ops.geometry import DEFAULT_CROP
from affect_jax.predict.features import FeaturePredictor, find_features
from affect_jax.types import Predictions

LEVELS = [10, 30, 60, 90, 120, 150, 180]


def see(images) -> Predictions:
    level = images.mean((-3, -2, -1))[..., None]
    return Predictions(
        valence_arousal=np.concatenate([4 * level, -level], -1), features=level * np.float32([1, 10, 100])
    )


def predictor(**changes) -> FeaturePredictor:
    network = FeaturePredictor(see, 16, 4, None, ("valence_arousal",), "affectnet_8", DEFAULT_CROP)
    return dataclasses.replace(network, **changes)


def check(faces, network, levels):
    """Rows, features and raw output say the same, of frames of the given levels."""
    rows, arrays = faces.rows(network), faces.arrays()
    level = np.array(levels) / 255
    np.testing.assert_allclose(arrays["features"], level[:, None] * [1, 10, 100], atol=2, rtol=0.02)
    first = arrays["features"][:, 0]
    np.testing.assert_allclose(first, level, atol=0.02)
    np.testing.assert_allclose(arrays["valence_arousal"], first[:, None] * [4, -1], rtol=1e-6)
    np.testing.assert_allclose(rows.values["valence_arousal"], np.clip(first[:, None] * [4, -1], -1, 1), rtol=1e-6)
    return rows


@pytest.mark.parametrize("frames", [None, 4])
def test_row_by_row_they_belong_to_the_predictions_of_a_video(tmp_path, write_film, frames):
    network = predictor(frames=frames)
    faces = find_features(network, write_film(tmp_path / "film.mp4", LEVELS), None)
    rows = check(faces, network, LEVELS)
    assert set(rows.clip) == set(rows.source) == {"film.mp4"}
    np.testing.assert_array_equal(rows.frame, range(len(LEVELS)))
    np.testing.assert_allclose(rows.time_seconds, np.arange(len(LEVELS)) / 25, atol=1e-9)
    assert np.isnan(rows.boxes).all() and "geometry" not in faces.arrays()


def test_a_folder_is_one_table_and_a_broken_file_is_a_problem(tmp_path, write_film):
    write_film(tmp_path / "b.mp4", LEVELS[:3])
    write_film(tmp_path / "c.mp4", LEVELS[3:])
    (tmp_path / "d.mp4").write_bytes(b"no video")
    cv2.imwrite(str(tmp_path / "a.png"), np.full((40, 40, 3), 200, np.uint8))
    cv2.imwrite(str(tmp_path / "e.png"), np.full((4, 4, 3), 200, np.uint8))
    faces = find_features(predictor(), tmp_path, None)
    rows = check(faces, predictor(), [200, *LEVELS])
    assert rows.source == ("a.png",) + ("b.mp4",) * 3 + ("c.mp4",) * 4
    assert rows.clip == ("",) + rows.source[1:]
    assert len(faces.problems) == 2
    assert (
        "e.png" in faces.problems[0] and "a face needs at least" in faces.problems[0] and "d.mp4" in faces.problems[1]
    )


class TwoFaces:
    """Finds two faces in each frame, but none in the third."""

    def __init__(self):
        self.frame = -1

    def reset(self):
        self.frame = -1

    def find(self, image, time_seconds, restarts=False):
        self.frame += 1
        if self.frame == 2:
            return []
        return [self.face(number) for number in range(2)]

    def face(self, number):
        points = np.random.default_rng(number).uniform(8, 24, (68, 2))
        return Face(points, (1.0, 2.0, 20.0, 21.0), 0.9, np.zeros((478, 3)), number, quality=0.5)


def test_all_faces_have_rows_and_frames_without_one_have_none(tmp_path, write_film):
    faces = find_features(predictor(), write_film(tmp_path / "film.mp4", LEVELS[:4]), lambda step: TwoFaces())
    rows, arrays = faces.rows(predictor()), faces.arrays()
    np.testing.assert_array_equal(rows.frame, [0, 0, 1, 1, 3, 3])
    np.testing.assert_array_equal(rows.face, [0, 1] * 3)
    assert len(arrays["features"]) == len(arrays["geometry"]) == 6
    expected = geometry_signature(np.stack([TwoFaces().face(number).landmarks for number in (0, 1)]))
    np.testing.assert_allclose(arrays["geometry"][2:4], expected, rtol=1e-5)
    np.testing.assert_array_equal(rows.boxes[0], [1, 2, 20, 21, 0.9])


def test_a_video_without_a_face_is_refused(tmp_path, write_film):
    class Nobody(TwoFaces):
        def find(self, image, time_seconds, restarts=False):
            return []

    with pytest.raises(ValueError, match="film.mp4 contains no face; face crops need --faces=whole_frame"):
        find_features(predictor(), write_film(tmp_path / "film.mp4", LEVELS[:3]), lambda step: Nobody())
