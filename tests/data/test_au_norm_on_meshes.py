"""Labels of faces that our renderer did not make: py-feat's map from units to points, which is not part of the project.

Skipped unless AU_TO_MESH is the path of au_to_mesh_pls_v4.npz, out of the wheel of py-feat 2.1.5.
"""

import os
import pathlib

import mesh_of_units
import numpy as np
import pytest

from affect_jax.data.au_norm import intensities
from affect_jax.emotions import EMOTION_UNITS

PEOPLE, FRAMES = 4, 150


@pytest.fixture(scope="module")
def faces_of():
    path = os.environ.get(mesh_of_units.VARIABLE, "")
    if not pathlib.Path(path).is_file():
        pytest.skip(
            f"needs {mesh_of_units.VARIABLE}, the path of au_to_mesh_pls_v4.npz out of the wheel py-feat==2.1.5"
        )
    return mesh_of_units.Map(path)


def test_labels_of_units_that_are_solved_for_are_those_of_the_true_ones(faces_of):
    units = mesh_of_units.mixed(0, FRAMES)
    true = mesh_of_units.known(units)
    traces, scale = mesh_of_units.by_least_squares(faces_of, noise=0.0)(units)
    (found,) = intensities([traces], scale)
    for emotion in EMOTION_UNITS:
        np.testing.assert_array_equal(found.known[emotion], true.known[emotion])
        np.testing.assert_allclose(found.value[emotion], true.value[emotion], atol=0.01)
    assert true.known["happy"].any()


@pytest.mark.parametrize(("emotion", "least"), [("happy", 0.95), ("surprise", 0.9), ("disgust", 0.7), ("anger", 0.6)])
def test_distances_recover_the_order_of_an_emotion_that_is_shown_alone(faces_of, emotion, least):
    measure = mesh_of_units.by_distances(faces_of)
    pairs = [mesh_of_units.agreement(mesh_of_units.alone(emotion, person, FRAMES), measure) for person in range(PEOPLE)]
    found = [pair[emotion][0] for pair in pairs if emotion in pair]
    assert len(found) >= 2 and min(found) > least
