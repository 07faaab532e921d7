"""Quality falls where a face is shrunk, blurred or turned away."""

import itertools

import cv2
import numpy as np
import pytest

from affect_jax.faces.landmarker import Landmarker
from affect_jax.faces.pose import pose_of
from affect_jax.faces.quality import quality_of, sharpness
from affect_jax.faces.tracks import FaceTracks


@pytest.fixture(scope="module")
def photograph(shared_data):
    path = shared_data / "real_faces" / "images" / "Aaron_Peirsol_0002.jpg"
    return cv2.imread(str(path))[..., ::-1].copy()


@pytest.fixture(scope="module")
def face(landmarker_file, photograph):
    (face,) = FaceTracks(landmarker_file).find(photograph, 0.0)
    return face


def falls(values):
    return all(second < first for first, second in itertools.pairwise(values))


def turned(mesh, yaw=0.0, pitch=0.0, roll=0.0):
    """The mesh turned about its middle, in degrees."""
    yaw, pitch, roll = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    middle = mesh.mean(0)
    return ((mesh - middle) @ (about_z @ about_y @ about_x).T + middle).astype(np.float32)


def test_a_smaller_face_is_worth_less(photograph, landmarker_file):
    tracks = FaceTracks(landmarker_file)
    qualities = []
    for scale in (1.0, 0.5, 0.25, 0.15):
        small = cv2.resize(photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        tracks.reset()
        qualities.append(tracks.find(small, 0.0)[0].quality)
    assert falls(qualities) and qualities[-1] < qualities[0] / 3


def test_a_blurred_face_is_worth_less(photograph, face):
    blurred = [photograph, *(cv2.GaussianBlur(photograph, (0, 0), sigma) for sigma in (1, 2, 4, 8))]
    qualities = [quality_of(image, face.box, face.mesh, face.score) for image in blurred]
    assert falls(qualities) and qualities[-1] < qualities[0] / 2


@pytest.mark.parametrize("angle", ["yaw", "pitch", "roll"])
def test_a_turned_face_is_worth_less(photograph, face, angle):
    straight = turned(face.mesh, yaw=-pose_of(face.mesh).yaw)
    straight = turned(straight, pitch=-pose_of(straight).pitch)
    for sign in (1, -1):
        meshes = [turned(straight, **{angle: sign * degrees}) for degrees in (0, 20, 40, 60, 80)]
        qualities = [quality_of(photograph, face.box, mesh, face.score) for mesh in meshes]
        assert falls(qualities) and qualities[0] > 0.4
        found = [getattr(pose_of(mesh), angle) - getattr(pose_of(straight), angle) for mesh in meshes]
        np.testing.assert_allclose(np.abs(found), [0, 20, 40, 60, 80], atol=5)


def test_by_hand():
    mesh = np.zeros((478, 3), np.float32)
    mesh[33], mesh[263], mesh[10], mesh[152] = (10, 20, 0), (40, 20, 0), (25, 0, 0), (25, 50, 0)  # frontal
    assert pose_of(mesh) == (0, 0, 0)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (50, 50, 3), dtype=np.uint8)
    measured = sharpness(image, (0.0, 0.0, 50.0, 50.0))
    expected = 30 / 60 * measured / (measured + 0.02) * 0.9  # half the full size
    assert quality_of(image, (0.0, 0.0, 50.0, 50.0), mesh, 0.9) == pytest.approx(expected)
    assert quality_of(np.full((50, 50, 3), 7, np.uint8), (0.0, 0.0, 50.0, 50.0), mesh, 0.9) == 0  # nothing to be seen


def test_directions_of_the_pose(face):
    # Positive yaw: the nose moves to the right of the image; positive pitch: down.
    right, down = turned(face.mesh, yaw=30), turned(face.mesh, pitch=30)
    assert right[1, 0] - right[:, 0].mean() > face.mesh[1, 0] - face.mesh[:, 0].mean()
    assert pose_of(right).yaw > pose_of(face.mesh).yaw + 20
    assert down[1, 1] - down[:, 1].mean() > face.mesh[1, 1] - face.mesh[:, 1].mean()
    assert pose_of(down).pitch > pose_of(face.mesh).pitch + 20
    assert pose_of(turned(face.mesh, roll=30)).roll > pose_of(face.mesh).roll + 20


def test_a_landmarker_describes_faces(landmarker_file, photograph, face):
    plain = Landmarker(landmarker_file).describe(photograph, face)
    assert plain.blendshapes is None
    assert plain.quality == pytest.approx(quality_of(photograph, face.box, face.mesh, face.score))
