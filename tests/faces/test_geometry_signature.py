import numpy as np
import pytest

from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.render import camera
from affect_jax.data.render.identity import draw_identity
from affect_jax.faces.geometry_signature import NAMES, geometry_signature

IDENTITIES = np.stack([draw_identity(0, subject).rest for subject in range(20)])


def in_pose(yaw: float, pitch: float, roll: float) -> np.ndarray:
    return geometry_signature(
        camera.turn_all(IDENTITIES, np.tile(np.float64((yaw, pitch, roll)), (len(IDENTITIES), 1)))
    )


def test_of_a_face_from_the_front_it_is_the_proportions():
    points = IDENTITIES[3, :, :2]
    symmetric = np.where(np.abs(points[:, :1]) < 0.1, (0, 1), (1, 1)) * points  # the middle line is straight
    x, y = symmetric.T
    unit, eyes = x[45] - x[36], (y[36] + y[39] + y[42] + y[45]) / 4
    widths = [x[42] - x[39], x[35] - x[31], x[16] - x[0], x[15] - x[1], x[14] - x[2]]
    heights = [y[27] - eyes, y[30] - eyes, (y[31] + y[35]) / 2 - eyes, y[33] - eyes]
    expected = np.array([*widths, *heights, (y[36] + y[45] - y[39] - y[42]) / 2]) / unit
    np.testing.assert_allclose(geometry_signature(symmetric), expected, atol=0.03)
    assert len(NAMES) == len(expected)


def test_place_size_and_roll_change_nothing():
    angle = np.deg2rad(33)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    faces = IDENTITIES[:, :, :2]
    moved = geometry_signature(57 * faces @ turn.T + (120, -8))
    np.testing.assert_allclose(moved, geometry_signature(faces), atol=1e-9)


@pytest.mark.parametrize("pose", [(15, 0, 0), (-15, 0, 0), (0, 12, 0), (0, -12, 0), (12, 8, 20)])
def test_a_turned_head_changes_it_by_less_than_half_of_what_people_differ_by(pose):
    between = in_pose(0, 0, 0).std(0)
    change = np.abs(in_pose(*pose) - in_pose(0, 0, 0)).mean(0)
    assert (change < 0.55 * between).all(), change / between
    assert change.mean() < 0.3 * between.mean()


def test_clips_of_one_person_are_closer_than_those_of_two():
    """The faces move: they have expressions, speak and turn."""
    source = rendered(RenderedConfig(split="test", kind="clips", subjects=8, per_subject=2, frames=30))
    landmarks = np.stack([example.labels["landmarks"].value for example in source.examples])
    clips = geometry_signature(landmarks).reshape(8, 2, 30, len(NAMES))
    spread = np.sqrt(clips.var(2).mean((0, 1)))
    means = clips.mean(2) / spread
    distance = np.sqrt(((means[:, None, 0] - means[None, :, 1]) ** 2).mean(-1))
    own = np.diag(distance)
    others = distance[~np.eye(8, dtype=bool)]
    assert np.median(others) > 5 * np.median(own)
    assert (distance.argmin(1) == np.arange(8)).all()


def test_landmarks_that_coincide_give_zeros():
    np.testing.assert_array_equal(geometry_signature(np.full((2, 68, 2), 7.0)), np.zeros((2, len(NAMES))))
