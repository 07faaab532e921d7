import itertools

import numpy as np
import pytest

from affect_jax import emotions


@pytest.mark.parametrize("name", emotions.LABEL_SETS)
def test_all_label_sets_use_the_same_words(name):
    words = emotions.names(name)
    assert len(set(words)) == len(words) and set(words) <= {*emotions.names("affectnet_8"), "other"}
    assert [emotions.canonical_name(word) for word in words] == list(words)


@pytest.mark.parametrize("one, other", list(itertools.permutations(("affectnet_8", "ferplus_8", "ck_plus_8"), 2)))
def test_sets_of_the_same_emotions_are_permutations_of_each_other(one, other):
    there, back = emotions.translation(one, other), emotions.translation(other, one)
    assert sorted(there) == list(range(8)) and list(there) != list(range(8))
    np.testing.assert_array_equal(back[there], np.arange(8))


def test_the_codes_of_the_data_sets():
    """Third number of each data set, from its own documentation, counted from 0."""
    third = {"affectnet_8": "surprise", "fer2013_7": "happy", "ferplus_8": "sad", "ck_plus_8": "disgust"}
    assert {name: emotions.names(name)[3] for name in third} == third
    assert emotions.names("raf_db_7")[3] == "happy"  # code 4: RAF-DB counts from 1
    assert emotions.names("emonet_5")[4] == "anger"
    assert (emotions.names("omg_7")[3], emotions.names("aff_wild2_8")[3]) == ("happy", "fear")


def test_emotion_names_of_data_sets_become_canonical():
    given = ["Happiness", "ANGRY", " sadness", "surprised", "contempt", "joy"]
    assert [emotions.canonical_name(word) for word in given] == ["happy", "anger", "sad", "surprise", "contempt", "joy"]
