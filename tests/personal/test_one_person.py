"""Whose rows are learned from, in stored features of several subjects and faces."""

import numpy as np
import pytest
from adapted import feature_rows

from affect_jax.personal import baseline, folder
from affect_jax.personal.one_person import check_labels, geometry_of, of_one_face, of_subject, select


def rows(**fields):
    return feature_rows("ab" * 32, 4, 6, **fields)


def test_a_subject_is_called_whole_or_by_what_is_behind_the_last_slash():
    stored = rows(subject=("test/anna", "ben", "test/anna", "", "train/ben", "carl"))
    assert of_subject(stored, "anna").tolist() == of_subject(stored, "test/anna").tolist() == [1, 0, 1, 1, 0, 0]
    with pytest.raises(ValueError, match="the subjects ben, carl, test/anna, train/ben; several of them are 'ben'"):
        of_subject(stored, "ben")
    with pytest.raises(ValueError, match="none of them is 'an'"):
        of_subject(stored, "an")
    assert of_subject(rows(), "anybody").all()


def test_rows_are_selected_in_all_arrays_alike():
    keep = np.array([1, 0, 0, 1, 0, 1], bool)
    stored = rows(clip=tuple("abcdef"), geometry=np.arange(60.0).reshape(6, 10))
    found = select(stored, keep)
    assert found.clip == ("a", "d", "f") and len(found) == 3 and found.network_sha256 == stored.network_sha256
    for name in ("features", "raw", "labels", "weight", "face", "frame", "time_seconds", "geometry"):
        np.testing.assert_array_equal(getattr(found, name), getattr(stored, name)[keep])


def test_of_several_faces_the_labeled_one_is_the_person():
    two = dict(frame=np.array([0, 0, 1, 1, 2, 3]), face=np.array([0, 1, 0, 1, 1, 0]))
    found = of_one_face(rows(**two, weight=np.float32([0, 1, 0, 0, 0, 0])))
    assert found.frame.tolist() == [0, 1, 2] and set(found.face.tolist()) == {1}
    with pytest.raises(ValueError, match="labels are of several faces of one frame; give labels with a column face"):
        of_one_face(rows(**two, weight=np.float32([0, 1, 1, 0, 0, 0])))
    with pytest.raises(ValueError, match="frames hold several faces, and none is labeled"):
        of_one_face(rows(**two))


def test_a_face_that_gets_another_number_is_the_same_person_if_it_is_alone():
    stored = rows(face=np.array([0, 0, 1, 1, 2, 2]))
    assert of_one_face(stored) is stored


def test_unlabeled_rows_do_not_count_as_constant():
    labels = np.float32([[0, 0], [0.1, 0.2], [0, 0], [0.3, 0.1], [0.5, 0.4], [0.2, 0]])
    check_labels(rows(subject=("anna",) * 6), "F")
    check_labels(rows(subject=("anna",) * 6, labels=labels, weight=np.float32([0, 1, 1, 1, 1, 1])), "F")
    with pytest.raises(ValueError, match="F: 4 frames of anna labeled, expected at least 5"):
        check_labels(rows(subject=("anna",) * 6, labels=labels, weight=np.float32([0, 1, 0, 1, 1, 1])), "F")
    labels[:, 1] = 0.25
    with pytest.raises(ValueError, match="F: arousal is 0.25 in all 6 labeled frames of anna"):
        check_labels(rows(subject=("anna",) * 6, labels=labels, weight=np.ones(6, np.float32)), "F")


def test_the_geometry_is_that_of_the_rows_that_are_used():
    geometry = np.random.default_rng(0).normal(size=(6, 10))
    used = np.array([1, 1, 0, 0, 1, 0], bool)
    found = geometry_of(rows(geometry=geometry), used)
    np.testing.assert_allclose(found.mean, (geometry[0] + geometry[1] + geometry[4]) / 3)
    np.testing.assert_allclose(found.spread, geometry[[0, 1, 4]].std(0))
    assert geometry_of(rows(), used) is None and geometry_of(rows(geometry=geometry), used & False) is None


def test_a_folder_of_persons_knows_the_files_of_baselines():
    assert folder.BASELINE == baseline.ENDING
