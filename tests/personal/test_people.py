"""What a protocol lets a method see of a person."""

import dataclasses

import numpy as np
import pytest

from affect_jax.personal.given import FAR_SECONDS
from affect_jax.personal.people import given_together, make_sources, read_people
from affect_jax.personal.protocol import Drawn, Protocol
from affect_jax.personal.stored import StoredFeatures

ROWS = 8


@pytest.fixture
def stored():
    """Two people; the rows of 'anna' are of two recordings and out of order."""
    rng = np.random.default_rng(0)
    return StoredFeatures(
        features=rng.normal(size=(ROWS, 3)).astype(np.float32),
        raw=rng.normal(size=(ROWS, 2)).astype(np.float32),
        labels=rng.uniform(-1, 1, (ROWS, 2)).astype(np.float32),
        weight=np.array([1, 1, 1, 0, 1, 1, 1, 1], np.float32),
        subject=("anna", "ben", "anna", "anna", "anna", "ben", "ben", "anna"),
        clip=("second", "third", "first", "second", "first", "third", "third", "second"),
        face=np.zeros(ROWS, np.int64),
        frame=np.zeros(ROWS, np.int64),
        time_seconds=np.array([0.0, 0.0, 5.0, 1.0, 0.5, 1.0, 2.0, 2.0]),
        network_sha256="0" * 64,
    )


def test_people_are_in_order_of_recording_and_time_and_each_recording_begins_neutral(stored):
    anna, ben = read_people(stored, neutral_seconds=1.0)
    assert (anna.name, ben.name) == ("anna", "ben")
    rows = [0, 3, 7, 4, 2]  # the recordings in the order of their first rows
    np.testing.assert_array_equal(anna.features, stored.features[rows])
    np.testing.assert_array_equal(anna.time_seconds, [0, 1, 2, FAR_SECONDS + 0.5, FAR_SECONDS + 5])
    np.testing.assert_array_equal(anna.neutral, [True, False, False, True, False])
    np.testing.assert_array_equal(anna.known, [True, False, True, True, True])
    assert not read_people(stored, neutral_seconds=0.0)[0].neutral.any()


def test_a_method_sees_nothing_but_what_it_needs_and_the_protocol_gives(stored):
    anna = read_people(stored, neutral_seconds=1.0)[0]
    chosen = np.array([False, True, True, False, False])  # the first of them has no label
    labels = anna.given(chosen, ("labels",), neutral=True, labels=True)
    np.testing.assert_array_equal(labels.features, anna.features[[2]])
    np.testing.assert_array_equal(labels.label, anna.label[[2]])
    assert labels.labeled.tolist() == [1] and labels.neutral.tolist() == [0]
    assert not len(anna.given(chosen, ("labels",), neutral=True, labels=False).present)
    resting = anna.given(chosen, ("neutral",), neutral=True, labels=True)
    np.testing.assert_array_equal(resting.features, anna.features[[0, 3]])
    assert not resting.labeled.any() and not resting.label.any() and resting.neutral.all()
    assert not len(anna.given(chosen, ("neutral",), neutral=False, labels=True).present)
    frames = anna.given(chosen, ("frames",), neutral=True, labels=True)
    np.testing.assert_array_equal(frames.time_seconds, [0, 1, 2, FAR_SECONDS + 0.5])
    assert not frames.neutral.any()
    frames = anna.given(chosen, ("frames",), neutral=False, labels=True)
    np.testing.assert_array_equal(frames.time_seconds, [1, 2])
    assert frames.present.all() and not frames.labeled.any() and not frames.label.any()


def test_people_together_are_padded(stored):
    people = read_people(stored, neutral_seconds=1.0)
    drawn = []
    for person in people:
        drawn.append(Drawn(np.arange(len(person)) < 2, np.zeros(len(person), bool)))
    given = given_together(people, drawn, Protocol("block", 0.1, neutral=True), ("labels", "neutral"), 4)
    np.testing.assert_array_equal(given.labeled, [[1, 0, 0, 0], [1, 1, 0, 0]])
    np.testing.assert_array_equal(given.neutral, [[1, 1, 0, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(given.present, [[1, 1, 0, 0], [1, 1, 0, 0]])


def test_sources_have_all_their_labeled_frames(stored):
    people = read_people(stored, neutral_seconds=1.0)
    sources = make_sources(people, stored)
    assert sources.subjects == ("anna", "ben")
    np.testing.assert_array_equal(sources.given.labeled, [[1, 1, 1, 1], [1, 1, 1, 0]])
    np.testing.assert_array_equal(sources.given.features[0], people[0].features[people[0].known])
    np.testing.assert_array_equal(sources.given.neutral[0], [1, 0, 1, 0])


def test_rows_that_do_not_belong_to_one_person_at_one_time_are_refused(stored):
    unnamed = dataclasses.replace(stored, subject=("", *stored.subject[1:]))
    with pytest.raises(ValueError, match="stored features: a row has no subject; adaptation needs to know who is who"):
        read_people(unnamed, 1.0)
    twice = dataclasses.replace(stored, time_seconds=np.where(np.arange(ROWS) == 7, 1.0, stored.time_seconds))
    with pytest.raises(ValueError, match="subject 'anna' has two rows at 1 s of 'second'; expected one face"):
        read_people(twice, 1.0)
    silent = dataclasses.replace(stored, weight=np.float32([1, 0, 1, 1, 1, 0, 0, 1]))
    with pytest.raises(ValueError, match="source person 'ben' has no label of valence and arousal"):
        make_sources(read_people(silent, 1.0), silent)
