import dataclasses

import jax
import numpy as np
import pytest

from affect_jax.personal import folds as module
from affect_jax.personal.folds import Folds, fit_heads, head_without, make_folds, require_head, source_frames
from affect_jax.personal.given import stacked


def test_few_persons_are_left_out_one_by_one_and_many_in_five_groups(sources):
    few = make_folds(sources)
    np.testing.assert_array_equal(few.learned, 1 - np.eye(5))
    many = stacked([jax.tree.map(lambda leaf: leaf[0], sources.given)] * 12)
    groups = make_folds(dataclasses.replace(sources, given=many, subjects=tuple("abcdefghijkl")))
    assert groups.count == 5
    np.testing.assert_array_equal(np.flatnonzero(groups.learned[1] == 0), [1, 6, 11])
    np.testing.assert_array_equal((groups.learned == 0).sum(0), np.ones(12))


def test_one_person_cannot_be_left_out(sources):
    alone = jax.tree.map(lambda leaf: leaf[:1], sources.given)
    with pytest.raises(ValueError, match="1 source person; at least 2 are needed, to be left out in turn"):
        make_folds(dataclasses.replace(sources, given=alone, subjects=("a",)))


def test_methods_of_the_head_need_a_head(sources):
    with pytest.raises(ValueError, match="method 'low_rank' fine-tunes the last layers of the base network, which"):
        require_head(dataclasses.replace(sources, head=None), "low_rank")


def test_source_frames_are_the_labeled_ones_that_are_not_neutral(sources):
    frames = source_frames(sources)
    expected = sources.given.labeled * (1 - sources.given.neutral)
    np.testing.assert_array_equal(frames.weight.sum(1), expected.sum(1))
    first = np.flatnonzero(expected[3])[0]
    np.testing.assert_array_equal(frames.features[3, 0], sources.given.features[3, first])


def test_heads_are_fitted_to_the_persons_of_their_fold_alone(monkeypatch, head, sources):
    """Person 0 is spoiled: only the heads that learn from it change, and the other fits the rest."""
    monkeypatch.setattr(module, "HEAD_STOPS", (300,))
    frames = source_frames(sources)
    halves = Folds(np.int64([0, 1, 1, 1, 1]), 2)
    heads = fit_heads(head, frames, halves, jax.random.key(0))
    spoiled = dataclasses.replace(frames, label=frames.label.at[0].set(5.0), features=frames.features.at[0].set(2.0))
    others = fit_heads(head, spoiled, halves, jax.random.key(0))
    for leaf, other in zip(jax.tree.leaves(heads), jax.tree.leaves(others), strict=True):
        np.testing.assert_array_equal(leaf[0], other[0])
        assert np.any(leaf[1] != other[1])
    known = frames.weight[1:] > 0
    error = np.asarray(head_without(heads, np.int32(0))(frames.features[1:]) - frames.label[1:])[known]
    assert np.mean(error**2) < 0.2 * np.var(np.asarray(frames.label[1:])[known])
