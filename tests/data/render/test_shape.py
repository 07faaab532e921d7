"""Action units move what they should, poses turn it, and the camera frames it."""

import math

import numpy as np
import pytest

from affect_jax.data.render import camera, shape
from affect_jax.data.render.affect import ACTION_UNITS, UNIT
from affect_jax.ops.geometry import MIRRORED_LANDMARKS, landmark_crop

X, Y = 0, 1
# Landmark, axis, direction of each unit according to the FACS manual. y points down, x to the right of the image.
EXPECTED = {
    1: [(22, Y, -1), (23, Y, -1)],
    2: [(25, Y, -1), (26, Y, -1)],
    4: [(22, Y, 1), (22, X, -1)],
    5: [(43, Y, -1), (44, Y, -1)],
    6: [(46, Y, -1), (47, Y, -1), (26, Y, 1)],
    7: [(43, Y, 1), (44, Y, 1), (46, Y, -1)],
    9: [(35, Y, -1), (51, Y, -1), (22, Y, 1)],
    12: [(54, Y, -1), (54, X, 1)],
    14: [(54, X, 1)],
    15: [(54, Y, 1)],
    16: [(57, Y, 1), (66, Y, 1)],
    17: [(8, Y, -1), (57, Y, -1)],
    18: [(54, X, -1), (64, X, -1)],
    20: [(54, X, 1)],
    23: [(51, Y, 1), (57, Y, -1)],
    25: [(66, Y, 1), (62, Y, -1)],
    26: [(8, Y, 1), (66, Y, 1), (57, Y, 1)],
    43: [(43, Y, 1), (44, Y, 1)],
}


def deformed(units: dict[int, float], sides=(1.0, 1.0)) -> np.ndarray:
    shown = np.zeros((1, len(ACTION_UNITS), 2))
    for unit, strength in units.items():
        shown[0, UNIT[unit]] = strength * np.array(sides)
    return shape.deform(shape.AVERAGE_FACE[None], shown)[0]


def test_every_unit_has_an_expectation():
    assert set(EXPECTED) == set(ACTION_UNITS)


@pytest.mark.parametrize("unit", ACTION_UNITS)
def test_unit_moves_its_landmarks(unit):
    moved = deformed({unit: 1.0}) - deformed({})
    for landmark, axis, direction in EXPECTED[unit]:
        assert moved[landmark, axis] * direction > 0.015, (landmark, axis, moved[landmark])
        mirrored = moved[MIRRORED_LANDMARKS[landmark], axis] * (-1 if axis == X else 1)
        np.testing.assert_allclose(mirrored, moved[landmark, axis], atol=1e-12)


def test_one_sided_unit_leaves_the_other_side():
    moved = deformed({12: 1.0}, sides=(0.0, 1.0)) - deformed({})
    np.testing.assert_allclose(moved[48], 0, atol=1e-12)
    assert moved[54, X] > 0.15


def test_eyes_close_and_lips_do_not_cross():
    closed, rest = deformed({43: 1.0}), deformed({})
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        assert 0 <= closed[lower, Y] - closed[upper, Y] < 0.06 * (rest[lower, Y] - rest[upper, Y])
    pressed = deformed({23: 1.25, 17: 1.25})
    assert (pressed[[67, 66, 65], Y] >= pressed[[61, 62, 63], Y]).all()
    assert (pressed[[58, 57, 56], Y] > pressed[[67, 66, 65], Y]).all()


def test_rotation_is_the_product_of_three_turns():
    pose = np.array([[20.0, -9.0, 7.0]])
    yaw, pitch, roll = np.deg2rad(pose[0])
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    expected = about_z @ about_x @ about_y
    np.testing.assert_allclose(camera.rotation(pose)[0], expected, atol=1e-12)
    np.testing.assert_allclose(camera.rotation_of_one(pose[0]), expected, atol=1e-12)


def test_nose_points_where_the_head_turns():
    poses = np.array([[0.0, 0, 0], [20, 0, 0], [0, 10, 0]])
    faces = np.repeat(shape.AVERAGE_FACE[None], 3, axis=0)
    straight, right, up = camera.turn_all(faces, poses) - camera.turn_all(faces, poses)[:, 27:28]
    assert right[30, X] > straight[30, X] + 0.05
    assert up[30, Y] < straight[30, Y] - 0.02


def test_turn_of_one_head_equals_turn_of_many():
    pose = np.array([[12.0, 5, -3]])
    slid = camera.slide_contour(shape.AVERAGE_FACE[None], pose)[0]
    alone = camera.turn(slid, camera.rotation_of_one(pose[0]))
    np.testing.assert_allclose(camera.turn_all(shape.AVERAGE_FACE[None], pose)[0], alone, atol=1e-12)


def test_framing_makes_the_emonet_crop_its_share():
    turned = camera.turn_all(shape.AVERAGE_FACE[None], np.array([[15.0, -6, 8]]))
    scale, *shift = camera.framing(turned)[0]
    crop = landmark_crop((turned[0] * scale + shift) * 100)
    np.testing.assert_allclose([crop.side_px, crop.center_x_px, crop.center_y_px], [82, 50, 50], rtol=1e-9)
