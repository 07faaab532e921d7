"""A warning for an adapter that was learned from another face."""

import dataclasses

import numpy as np
import pytest
from adapted import person

from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.faces.geometry_signature import geometry_signature
from affect_jax.faces.likeness import FAR, SPREAD
from affect_jax.predict import likeness as module
from affect_jax.predict.likeness import ROWS, Likeness
from affect_jax.predict.sighting import Row

ANNA = person("anna", 1)


@pytest.fixture(scope="module")
def faces():
    """Landmarks of two rendered people who move, [subject, frame, 68, 2]."""
    source = rendered(RenderedConfig(split="test", kind="clips", subjects=2, per_subject=1, frames=ROWS + 10))
    landmarks = np.stack([example.labels["landmarks"].value for example in source.examples])
    return landmarks.reshape(2, ROWS + 10, 68, 2)


def look(likeness, landmarks, geometry, face=0):
    learned = dataclasses.replace(ANNA, geometry=geometry)
    for frame, each in enumerate(landmarks):
        likeness.add(Row("film.mp4", frame, frame / 25, face=face, landmarks=each, person=learned))


@pytest.mark.parametrize(("times", "warns"), [(0.0, False), (FAR - 0.05, False), (FAR + 0.05, True), (-2.4, True)])
def test_the_mean_over_frames_is_compared_once(faces, caplog, times, warns):
    mean = geometry_signature(faces[0, :ROWS]).mean(0)
    likeness = Likeness()
    look(likeness, faces[0], mean + times * SPREAD)
    assert len(caplog.messages) == warns  # before the end of the recording
    likeness.finish()
    assert len(caplog.messages) == warns
    if warns:
        assert caplog.messages[0] == (
            "film.mp4: the geometry of face 0 is not that of the face that the adapter of anna was learned from (they "
            f"differ by {abs(times):.1f}, more than 1.5); is it the same person?"
        )


def test_a_face_that_is_seen_briefly_is_compared_at_the_end(faces, caplog):
    likeness = Likeness()
    look(likeness, faces[0, :3], geometry_signature(faces[0, :3]).mean(0) + 5 * SPREAD, face=4)
    assert not caplog.messages
    likeness.finish()
    assert "face 4" in caplog.messages[0] and "differ by 5.0" in caplog.messages[0]


def test_two_rendered_people_are_told_apart(faces, caplog):
    first, second = (geometry_signature(each).mean(0) for each in faces)
    likeness = Likeness()
    look(likeness, faces[0], first)
    assert not caplog.messages
    look(likeness, faces[0], second, face=1)
    assert "face 1" in caplog.messages[0]


def test_where_the_geometry_is_not_known_nothing_is_compared(faces, caplog, monkeypatch):
    monkeypatch.setattr(module, "geometry_signature", None)
    likeness = Likeness()
    likeness.add(Row("film.mp4", 0, 0.0, face=0, landmarks=faces[0, 0], person=ANNA))
    likeness.add(Row("film.mp4", 0, 0.0, face=0, person=dataclasses.replace(ANNA, geometry=SPREAD)))
    likeness.finish()
    assert not caplog.messages
