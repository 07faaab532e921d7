import dataclasses

import jax
import numpy as np
import pytest

from affect_jax.personal.correction import NOISE, deviations
from affect_jax.personal.given import person_at
from affect_jax.personal.prior_learning import MOST_DIRECTIONS, gather_evidence
from affect_jax.personal.registry import METHODS
from affect_jax.personal.together import adapt_alone, adapt_together

KEY = jax.random.key(3)
METHOD = METHODS["prior"]


@pytest.fixture(scope="module")
def prior(sources):
    return METHOD.learn(sources, KEY)


def mean_squared_error(adapters, targets):
    predicted = jax.vmap(lambda adapter, given: adapter.apply(given.features, given.output))(adapters, targets)
    return float(np.square(np.asarray(predicted) - targets.label).mean())


def with_given(targets, labels, neutral):
    return dataclasses.replace(targets, labeled=targets.labeled * labels, neutral=targets.neutral * neutral)


def test_a_neutral_face_helps_and_labels_help_more(prior, targets):
    base = np.square(targets.output - targets.label).mean()
    errors = {}
    for labels, neutral in ((0, 1), (1, 0), (1, 1)):
        adapters = adapt_together(METHOD, prior, with_given(targets, labels, neutral), KEY)
        errors[labels, neutral] = mean_squared_error(adapters, targets)
    assert errors[0, 1] < 0.5 * base
    assert errors[1, 0] < 0.2 * base and errors[1, 1] < 0.2 * base


def test_few_labels_are_used_better_than_by_least_squares(prior, targets):
    """Four labels in a row: a scale and a bias by least squares follow chance, the prior does not."""
    few = np.zeros_like(targets.labeled)
    few[:, 20:24] = 1
    given = dataclasses.replace(targets, labeled=few, label=targets.label + 0.1 * np.cos(np.arange(2)))
    ours = mean_squared_error(adapt_together(METHOD, prior, given, KEY), targets)
    plain = mean_squared_error(adapt_together(METHODS["bias_scale"], {}, given, KEY), targets)
    assert ours < plain


def test_persons_together_are_each_alone(prior, targets):
    together = adapt_together(METHOD, prior, targets, KEY)
    for index in range(len(targets.present)):
        alone = adapt_alone(METHOD, prior, person_at(targets, index), KEY)
        for one, other in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(one[index], other, rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing(prior, targets):
    one = person_at(targets, 2)
    padded = jax.tree.map(lambda leaf: np.pad(leaf, [(0, 9)] + [(0, 0)] * (leaf.ndim - 1)), one)
    whole, longer = (adapt_alone(METHOD, prior, given, KEY) for given in (one, padded))
    for found, wanted in zip(jax.tree.leaves(longer), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_same_key_gives_the_same_prior(sources, prior):
    for one, other in zip(jax.tree.leaves(METHOD.learn(sources, KEY)), jax.tree.leaves(prior), strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_source_persons_say_nothing_about_people(sources):
    two = sources.without(0).without(0).without(0)
    prior = METHOD.learn(two, KEY)
    assert float(prior.neutral.noise) == np.float32(NOISE)
    np.testing.assert_allclose(prior.neutral.root[0], np.diag(deviations(prior.basis.shape[1])), rtol=1e-6)


def test_source_persons_without_a_neutral_segment_leave_that_part_isotropic(sources, targets):
    silent = dataclasses.replace(sources.given, neutral=0 * sources.given.neutral)
    prior = METHOD.learn(dataclasses.replace(sources, given=silent), KEY)
    np.testing.assert_array_equal(prior.neutral.mean, np.zeros_like(prior.neutral.mean))
    assert np.abs(prior.labeled.root[0] - np.diag(np.diag(prior.labeled.root[0]))).max() > 1e-4
    adapters = adapt_together(METHOD, prior, with_given(targets, 0, 1), KEY)
    np.testing.assert_allclose(adapters.bias, -(targets.output[:, :6].mean(axis=1)), rtol=1e-4, atol=1e-6)


def test_the_evidence_is_that_of_the_labeled_frames_in_float64(sources, prior):
    found = gather_evidence(prior, sources)
    given = person_at(sources.given, 1)
    resting = given.neutral > 0
    face = np.float64(given.features)[resting].mean(0)
    arousal = np.float64(given.output[:, 1])
    directions = (given.features - face) @ np.float64(prior.basis)
    inputs = np.column_stack([np.ones(len(arousal)), arousal - arousal[resting].mean(), directions])
    time = np.float64(given.time_seconds)
    weight = 1 / np.exp(-np.abs(time[:, None] - time[None])).sum(axis=1)
    errors = given.label[:, 1] - arousal + arousal[resting].mean()
    np.testing.assert_allclose(found.gram[1, 1], inputs.T @ (inputs * weight[:, None]), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found.moment[1, 1], inputs.T @ (errors * weight), rtol=1e-3, atol=1e-3)
    assert prior.basis.shape[1] == min(5, MOST_DIRECTIONS)
