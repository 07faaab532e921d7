"""Where faces are looked for, by hand."""

import numpy as np
import pytest

from affect_jax.faces.face import Face
from affect_jax.faces.search import is_same, landmark_distance, tiles, turned_regions, whole_regions


def test_regions_by_hand():
    whole, padded = whole_regions(1000, 500)
    assert [(crop.center_x_px, crop.center_y_px, crop.side_px) for crop in whole + padded] == [
        (499.5, 249.5, 1000),
        (499.5, 249.5, 2000),
    ]
    (halves,) = tiles(1000, 500, 1)
    assert [crop.center_x_px for crop in halves] == [249.5, 499.5, 749.5]  # 500 px wide, overlapping by half
    assert not list(tiles(200, 200, 2))  # tiles would be smaller than the detector's input
    turned = turned_regions(1000, 500)
    assert {crop.rotation_degrees for crop in turned} == {90, -90, 180, 45, -45}
    assert {(crop.center_x_px, crop.center_y_px, crop.side_px) for crop in turned} == {(499.5, 249.5, 1000)}


def face_at(left, top, size_px):
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 17), np.linspace(0, 1, 4)), axis=-1).reshape(68, 2)
    landmarks = (grid * size_px + (left, top)).astype(np.float32)
    return Face(
        landmarks, (float(left), float(top), float(size_px), float(size_px)), 1.0, np.zeros((478, 3), np.float32)
    )


def test_meshes_on_one_face():
    face = face_at(0, 0, 100)
    assert landmark_distance(face.landmarks, face_at(30, 40, 100)) == pytest.approx(0.5)
    assert is_same(face, face_at(10, 0, 100))
    assert not is_same(face, face_at(30, 0, 100))  # landmarks 0.3 of the face apart, although boxes overlap by half
    assert not is_same(face, face_at(60, 0, 100))
