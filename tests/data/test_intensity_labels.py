"""Labels of intensity, and what is said about people whose labels lack something."""

import numpy as np
import pytest

from affect_jax.data.action_units.unit_traces import UnitTraces
from affect_jax.data.au_norm import intensities
from affect_jax.data.intensity_labels import check_emotions, intensity_labels, label_notes, neutral_notes
from affect_jax.types import Label


def _measured(units, *values):
    traces = []
    for each in values:
        each = np.asarray(each, float)
        traces.append(UnitTraces("a.csv", units, each, each, np.ones(len(each), bool), np.arange(len(each)) / 30))
    return intensities(traces, scale=1.0)


def test_labels_are_those_of_all_recordings_in_order():
    measured = _measured((6, 12), [[0.5, 0.2], [0.0, 0.8]], [[1.0, 0.4]])
    labels = intensity_labels(measured, ["happy", "sad"])
    assert list(labels) == ["intensity_happy", "intensity_sad"]
    np.testing.assert_allclose(labels["intensity_happy"].value, [[3.75], [5.0], [7.5]])  # maxima 1.0 and 0.8
    np.testing.assert_array_equal(labels["intensity_happy"].weight, [1, 1, 1])
    np.testing.assert_array_equal(labels["intensity_sad"].weight, [0, 0, 0])


def test_people_with_less_are_named_once_by_emotion():
    people = {
        "anna": _measured((1, 4, 6, 12), [[0.5, 0.5, 0.5, 0.5]]),
        "ben": _measured((4, 6, 12), [[0.5, 0.01, 0.01]]),
        "cleo": _measured((1, 4, 6, 12), [[0.5, 0.5, 0.5, 0.01]]),
    }
    assert label_notes(people, ["happy", "sad"]) == [
        "the intensity of 'happy' is unknown for 2 of 3 people (ben, cleo), who never move some of its units (AU6, "
        "AU12)",
        "the intensity of 'sad' is the mean of AU1, AU4 for 2 of 3 people (anna, cleo), whose tables lack AU15",
        "the intensity of 'sad' is the mean of AU4 for 1 of 3 people (ben), whose tables lack AU1, AU15",
    ]
    assert not label_notes({"anna": people["anna"]}, ["happy"])


def _labels(values, weight=None, name="intensity_happy"):
    values = np.asarray(values, np.float32)
    return {name: Label(values[:, None], np.ones(len(values)) if weight is None else np.asarray(weight, float))}


def test_people_without_neutral_frames_or_without_a_segment_are_named():
    rest = [0.0] * 16
    never, interrupted = [1.0, 5.0, 9.0] * 8, [0.5] * 15 + [1.0] + [0.5] * 15
    unknown = _labels(rest, np.zeros(16))
    people = {
        "anna": [_labels([5.0]), _labels([4.0, *rest])],
        "ben": [_labels(never)],
        "cleo": [_labels(interrupted)],
        "dora": [unknown],
        "emil": [_labels(rest) | _labels(never[:16], name="intensity_sad")],
    }
    assert neutral_notes(people) == [
        "2 of 5 people (ben, emil) have no neutral frame, with all intensities below 1: low intensities are not among "
        "their labels, and neutral faces cannot calibrate to them",
        "1 of 5 people (cleo) have no neutral segment, 16 frames in a row with all intensities below 1, for "
        "calibration",
    ]


def test_a_frame_without_any_known_intensity_ends_a_segment():
    people = {"anna": [_labels([0.0] * 20, [1] * 10 + [0] + [1] * 9)]}
    assert neutral_notes(people)[0].startswith("1 of 1 people (anna) have no neutral segment")


def test_wrong_emotions_are_refused():
    with pytest.raises(ValueError, match="rendered faces: intensities has 'joy'; choose from happy, sad, surprise"):
        check_emotions(("happy", "joy"), "rendered faces")
    with pytest.raises(ValueError, match="intensities has 'sad' twice"):
        check_emotions(("sad", "sad"), "x")
