"""Several faces in one recording: each has a memory of its own."""

import numpy as np
import pytest
from networks_over_time import NETWORKS, running_mean
from squares import PLACES, Squares, rows_of

from affect_jax.ops.geometry import CropConfig
from affect_jax.predict.crops import Tracks
from affect_jax.types import Predictions


@pytest.fixture(params=NETWORKS)
def network(request, make_predictor):
    return make_predictor(crop=CropConfig(0.5), **NETWORKS[request.param])


def values_of(rows, face):
    return {row.frame: row.values["valence_arousal"] for row in rows if row.face == face}


def test_a_face_is_predicted_as_if_it_were_alone(network):
    rng = np.random.default_rng(1)
    faces = [tuple(np.flatnonzero(rng.random(4) < 0.7).tolist()) for _ in range(40)]
    faces[17:21] = [()] * 4
    together = rows_of(network, faces)
    assert len({row.face for row in together if row.face is not None}) == 4
    for face in PLACES:
        alone = values_of(rows_of(network, [(face,) if face in found else () for found in faces]), face)
        both = values_of(together, face)
        assert list(both) == list(alone) == [index for index, found in enumerate(faces) if face in found]
        np.testing.assert_allclose(list(both.values()), list(alone.values()), atol=1e-6, rtol=0)


def test_rows_are_ordered_by_frame_and_face_and_a_frame_without_a_face_has_one(network):
    faces = [(0,), (0, 2), (), (1, 2, 3), (2,)]
    rows = rows_of(network, faces)
    expected = [(0, 0), (1, 0), (1, 2), (2, None), (3, 1), (3, 2), (3, 3), (4, 2)]
    assert [(row.frame, row.face) for row in rows] == expected
    assert [row.values is None for row in rows] == [face is None for _, face in expected]


@pytest.mark.parametrize(("missing", "held"), [(5, True), (12, True), (13, False), (30, False)])
def test_a_state_is_held_for_half_a_second_whoever_else_is_there(make_predictor, missing, held):
    network = make_predictor(crop=CropConfig(0.5), frames=6, follower=running_mean)
    # 12 missing frames are a gap of 13 steps of 0.04 s, which is longer than half a second; 11 are not.
    faces = [(0, 1)] * 10 + [(1,)] * (missing - 1) + [(0, 1)] * 5
    found = values_of(rows_of(network, faces), 0)
    after = list(found.values())[10:]
    levels = [row.crop.mean() / 255 for row in rows_of(make_predictor(crop=CropConfig(0.5)), faces) if row.face == 0]
    start = 0 if held else 10
    means = [np.mean(levels[start : stop + 1]) for stop in range(10, 15)]
    np.testing.assert_allclose([value[0] for value in after], means, atol=1e-5)
    other = values_of(rows_of(network, faces), 1)
    assert len(other) == len(faces)


def test_batches_keep_their_shape_whatever_the_number_of_faces(make_predictor):
    shapes = set()

    def function(images):
        shapes.add(images.shape)
        return Predictions(valence_arousal=np.zeros((len(images), 2), np.float32))

    rows_of(make_predictor(function=function), [(0,), (0, 1, 2, 3), (), (1, 2), (0, 1, 3)] * 3)
    assert shapes == {(4, 16, 16, 3)}


def test_squares_are_tracks():
    assert isinstance(Squares([]), Tracks)
