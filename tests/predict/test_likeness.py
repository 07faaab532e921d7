"""A warning for an adapter that was learned from another face."""

import dataclasses

import numpy as np
import pytest
from adapted import person

from affect_jax.faces.proportions import FAR, SPREAD
from affect_jax.predict.likeness import ROWS, Likeness
from affect_jax.predict.sighting import Row

LEARNED = np.linspace(-0.5, 0.5, 9).astype(np.float32)


def look(likeness, differences, face=0):
    """Shows frames of a face whose proportions differ by multiples of the spread between people."""
    anna = dataclasses.replace(person("anna", 1), proportions=LEARNED)
    for frame, times in enumerate(differences):
        found = (LEARNED + times * SPREAD).astype(np.float32)
        likeness.add(Row("film.mp4", frame, frame / 25, face=face, proportions=found, person=anna))


@pytest.mark.parametrize(("times", "warns"), [(0.0, False), (FAR - 0.05, False), (FAR + 0.05, True), (-2.4, True)])
def test_the_mean_over_frames_is_compared_once(caplog, times, warns):
    likeness = Likeness()
    noise = np.random.default_rng(0).permutation(np.repeat([-3.0, 3.0], ROWS // 2))
    look(likeness, times + noise)
    assert len(caplog.messages) == warns  # before the end of the recording
    look(likeness, [9.0] * 30)
    likeness.finish()
    assert len(caplog.messages) == warns
    if warns:
        assert caplog.messages[0] == (
            "film.mp4: the proportions of face 0 are not those of the face that the adapter of anna was learned from "
            f"(they differ by {abs(times):.1f}, more than 1.6); is it the same person?"
        )


def test_a_face_that_is_seen_briefly_is_compared_at_the_end(caplog):
    likeness = Likeness()
    look(likeness, [5.0] * 3, face=4)
    assert not caplog.messages
    likeness.finish()
    assert "face 4" in caplog.messages[0] and "differ by 5.0" in caplog.messages[0]


def test_where_proportions_are_not_known_nothing_is_compared(caplog):
    likeness = Likeness()
    likeness.add(Row("film.mp4", 0, 0.0, face=0, proportions=LEARNED, person=person("anna", 1)))
    unknown = dataclasses.replace(person("anna", 1), proportions=LEARNED)
    likeness.add(Row("film.mp4", 0, 0.0, face=0, person=unknown))
    likeness.finish()
    assert not caplog.messages
