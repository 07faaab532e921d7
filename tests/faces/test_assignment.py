"""Which face goes on with which track, by hand."""

import dataclasses

import numpy as np
import pytest

from affect_jax.faces.assignment import assign
from affect_jax.faces.face import Face
from affect_jax.faces.track import COASTING_SECONDS, Track

GRID = np.stack(np.meshgrid(np.linspace(0, 1, 17), np.linspace(0, 1, 4)), axis=-1).reshape(68, 2)


def face_at(left, top=0.0, size_px=100.0):
    landmarks = (GRID * size_px + (left, top)).astype(np.float32)
    return Face(landmarks, (float(left), float(top), size_px, size_px), 1.0, np.zeros((478, 3), np.float32))


def track_at(number, left, velocity=(0.0, 0.0), **options):
    return Track(number, face_at(left, **options), 0.0, np.zeros(1), np.array(velocity, float))


def test_the_sum_of_all_costs_is_smallest():
    # Both faces are nearer to the first track than to the second; only one pairing takes both along.
    tracks = [track_at(0, 100), track_at(1, 130)]
    assert assign(tracks, [face_at(80), face_at(110)], 0.04) == {0: 0, 1: 1}


def test_velocity_decides_where_faces_cross():
    # They meet at 100 and are there at nearly the same place; each goes on in its direction.
    tracks = [track_at(0, 90, (500, 0)), track_at(1, 110, (-500, 0))]
    assert assign(tracks, [face_at(90), face_at(110)], 0.04) == {0: 1, 1: 0}


def test_faces_that_are_too_far_are_new():
    assert assign([track_at(0, 0)], [face_at(60)], 0.04) == {}  # overlap 0.25 in one frame
    assert assign([track_at(0, 0)], [face_at(60)], 0.5) == {0: 0}  # but not half a second later
    assert assign([track_at(0, 0)], [face_at(90)], 0.5) == {}
    assert assign([], [face_at(0)], 0.0) == assign([track_at(0, 0)], [], 0.0) == {}


def test_a_face_that_moved_out_of_sight_may_have_strayed():
    track = track_at(0, 0, (400, 0))
    assert track.box(1.0)[0] == 400 and track.box(5.0)[0] == 400 * COASTING_SECONDS
    assert assign([track], [face_at(250)], 1.0) == {0: 0}  # 150 px off, of a way of 400 px
    assert assign([track], [face_at(150)], 1.0) == {}
    assert assign([track], [face_at(250, size_px=40.0)], 1.0) == {}  # another size


def test_velocity_is_an_average_with_a_time_constant():
    track = track_at(0, 0)
    track.follow(face_at(10), 0.1, np.zeros(1))
    first = (1 - np.exp(-0.5)) * 100
    np.testing.assert_allclose(track.velocity, [first, 0])
    track.follow(face_at(20), 0.1, np.zeros(1))  # no time has passed: no velocity can be measured
    np.testing.assert_allclose(track.velocity, [first, 0])


@pytest.mark.parametrize("size_px, seconds, possible", [(120.0, 0.04, True), (130.0, 0.04, False), (130.0, 0.2, True)])
def test_a_mesh_that_grows_at_once_is_on_two_faces(size_px, seconds, possible):
    assert track_at(0, 0).may_become(face_at(0, size_px=size_px), seconds) == possible
    smaller = dataclasses.replace(track_at(0, 0), face=face_at(0, size_px=size_px))
    assert smaller.may_become(face_at(0), seconds) == possible
