import dataclasses

import jax
import numpy as np

from affect_jax.personal.labeled import gather_labeled, labeled_seconds, squared_error


def one_person(targets, labeled):
    person = jax.tree.map(lambda leaf: leaf[0], targets)
    mask = np.zeros(len(person.labeled), np.float32)
    mask[labeled] = 1
    return dataclasses.replace(person, labeled=mask)


def test_labeled_frames_come_first_and_what_follows_is_empty(targets):
    given = one_person(targets, [7, 9, 30])
    found = gather_labeled(given, most=5)
    np.testing.assert_array_equal(found.weight, [1, 1, 1, 0, 0])
    np.testing.assert_array_equal(found.features[:3], given.features[[7, 9, 30]])
    np.testing.assert_array_equal(found.label[:3], given.label[[7, 9, 30]])
    assert not np.any(found.features[3:]) and not np.any(found.label[3:])


def test_of_too_many_labeled_frames_evenly_spread_ones_are_kept(targets):
    given = one_person(targets, np.arange(20, 40))
    found = gather_labeled(given, most=5)
    np.testing.assert_array_equal(found.features, given.features[[20, 24, 28, 32, 36]])
    np.testing.assert_array_equal(found.weight, np.ones(5))


def test_unlabeled_frames_may_hold_anything(targets):
    given = one_person(targets, [7, 9])
    spoiled = given.labeled[:, None] > 0
    features = np.where(spoiled, given.features, np.nan)
    label = np.where(spoiled, given.label, np.inf)
    found = gather_labeled(dataclasses.replace(given, features=features, label=label), most=4)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(gather_labeled(given, most=4)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_error_is_the_mean_over_the_labeled_frames(targets):
    given = one_person(targets, [7, 9, 30])
    found = gather_labeled(given, most=5)
    predicted = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    expected = np.mean((predicted[:3].astype(np.float64) - given.label[[7, 9, 30]]) ** 2)
    np.testing.assert_allclose(squared_error(predicted, found), expected, rtol=1e-6)
    nothing = gather_labeled(one_person(targets, []), most=5)
    assert squared_error(predicted, nothing) == 0


def test_labels_tell_the_time_that_they_cover(targets):
    """At 10 frames per second: 10 s for the first label, and for others the time since the one before."""
    seconds = lambda labeled: float(labeled_seconds(one_person(targets, labeled)))
    np.testing.assert_allclose(seconds(np.arange(20, 40)), 11.9, rtol=1e-5)
    np.testing.assert_allclose(seconds([0, 20, 40]), 14, rtol=1e-6)
    np.testing.assert_allclose(seconds([10, 15, 20]), 11, rtol=1e-6)
    assert seconds([]) == 0


def test_without_times_labels_are_far_apart(targets):
    given = dataclasses.replace(one_person(targets, np.arange(20, 40)), time_seconds=None)
    assert float(labeled_seconds(given)) == 200


def test_labels_of_different_clips_are_far_apart(targets):
    given = one_person(targets, [0, 1, 30, 31])
    time = given.time_seconds + 1e6 * (np.arange(len(given.labeled)) >= 30).astype(np.float32)
    np.testing.assert_allclose(labeled_seconds(dataclasses.replace(given, time_seconds=time)), 20.2, atol=0.07)
