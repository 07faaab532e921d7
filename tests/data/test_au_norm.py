"""Intensities from action units: the paper's equations by hand, people who do not move, and what a source lacks."""

import dataclasses

import numpy as np
import pytest

from affect_jax.data.action_units.unit_traces import UnitTraces
from affect_jax.data.au_norm import intensities
from affect_jax.emotions import EMOTION_UNITS

ALL = tuple(sorted(set().union(*EMOTION_UNITS.values())))


def _traces(units, left, right=None, found=None):
    left = np.asarray(left, float)
    frames = len(left)
    found = np.ones(frames, bool) if found is None else np.asarray(found)
    right = left if right is None else np.asarray(right, float)
    return UnitTraces("a.csv", tuple(units), left, right, found, np.arange(frames) / 30)


def test_happiness_is_worked_by_hand_from_equation_1():
    # AU6 left 0.2 0.4 0.1, right 0.1 0.3 0.6: maxima 0.4 and 0.6, together 1.0: 0.3, 0.7, 0.7.
    # AU12 left 0.0 0.5 0.8, right 0.2 0.2 0.2: maxima 0.8 and 0.2, together 1.0: 0.2, 0.7, 1.0.
    traces = _traces((6, 12), [[0.2, 0.0], [0.4, 0.5], [0.1, 0.8]], [[0.1, 0.2], [0.3, 0.2], [0.6, 0.2]])
    (found,) = intensities([traces], scale=1.0)
    np.testing.assert_allclose(found.value["happy"], [2.5, 7.0, 8.5])
    assert found.known["happy"].all() and not found.still


def test_an_emotion_of_n_units_is_their_mean_by_equation_2():
    rng = np.random.default_rng(0)
    left = rng.uniform(0, 5, (40, len(ALL)))
    (found,) = intensities([_traces(ALL, left)], scale=5.0)
    for emotion, units in EMOTION_UNITS.items():
        columns = [ALL.index(unit) for unit in units]
        expected = 10 * (left[:, columns] / left[:, columns].max(0)).mean(1)
        np.testing.assert_allclose(found.value[emotion], expected)


def test_maxima_are_those_of_all_recordings_of_a_person():
    rng = np.random.default_rng(1)
    left = rng.uniform(0, 1, (30, 2))
    parts = intensities([_traces((6, 12), left[:10]), _traces((6, 12), left[10:])], scale=1.0)
    (whole,) = intensities([_traces((6, 12), left)], scale=1.0)
    joined = np.concatenate([part.value["happy"] for part in parts])
    np.testing.assert_array_equal(joined, whole.value["happy"])


def test_the_running_maximum_uses_no_later_frame():
    rng = np.random.default_rng(2)
    left = rng.uniform(0, 1, (50, 2))
    (causal,) = intensities([_traces((6, 12), left)], scale=1.0, causal=True)
    for end in (5, 20, 50):
        (shorter,) = intensities([_traces((6, 12), left[:end])], scale=1.0, causal=True)
        np.testing.assert_array_equal(shorter.value["happy"], causal.value["happy"][:end])
        (whole,) = intensities([_traces((6, 12), left[:end])], scale=1.0)
        assert causal.value["happy"][end - 1] == pytest.approx(whole.value["happy"][-1])


def test_a_unit_that_never_moves_makes_its_emotions_unknown_and_is_named():
    left = np.random.default_rng(3).uniform(0, 1, (20, len(ALL)))
    left[:, ALL.index(6)] = 0.03
    (found,) = intensities([_traces(ALL, left)], scale=1.0)
    assert found.still == (6,)
    assert not found.known["happy"].any() and not found.value["happy"].any() and not found.known["anger"].any()
    assert found.known["sad"].all()
    assert found.notes() == ["AU6 never moves: the intensity of happy, anger is unknown"]
    (zero,) = intensities([_traces((6, 12), np.zeros((5, 2)))], scale=1.0)
    assert zero.still == (6, 12) and not zero.known["happy"].any()


def test_a_unit_that_the_source_lacks_is_left_out_of_the_mean_and_named():
    units = tuple(unit for unit in ALL if unit != 16)
    left = np.random.default_rng(4).uniform(0.5, 1, (20, len(units)))
    (found,) = intensities([_traces(units, left)], scale=1.0)
    places = [units.index(9), units.index(15)]
    np.testing.assert_allclose(found.value["disgust"], 10 * (left[:, places] / left[:, places].max(0)).mean(1))
    assert found.notes() == [
        "'disgust' lacks AU16, which the source does not have: its intensity is of the mean of AU9, AU15"
    ]
    (none,) = intensities([_traces((1,), left[:, :1])], scale=1.0)
    assert "'happy' lacks AU6, AU12, which the source does not have: its intensity is unknown" in none.notes()


def test_frames_without_a_face_are_unknown_and_set_no_maximum():
    left = np.array([[0.5, 0.5], [9.0, 9.0], [1.0, 1.0], [np.nan, np.nan]])
    (found,) = intensities([_traces((6, 12), left, found=[True, False, True, False])], scale=1.0)
    np.testing.assert_array_equal(found.known["happy"], [True, False, True, False])
    np.testing.assert_allclose(found.value["happy"], [5.0, 0.0, 10.0, 0.0])


def test_exchanged_sides_change_nothing():
    rng = np.random.default_rng(5)
    traces = _traces((6, 12), rng.uniform(0, 1, (20, 2)), rng.uniform(0, 1, (20, 2)))
    one, other = (intensities([each], scale=1.0)[0].value["happy"] for each in (traces, traces.swap()))
    np.testing.assert_allclose(one, other)


def test_recordings_of_different_programs_are_refused():
    one = _traces((6, 12), np.ones((3, 2)))
    other = dataclasses.replace(_traces((6,), np.ones((3, 1))), source="b.csv")
    with pytest.raises(ValueError, match="b.csv has the units 6, a.csv has 6, 12; the recordings of a person need"):
        intensities([one, other], scale=1.0)
