import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.personal import correction
from affect_jax.personal.correction import Origin, Prior, posterior_mean, prior_without_sources, to_adapter
from affect_jax.personal.given import person_at
from affect_jax.personal.hierarchy import Hierarchy
from affect_jax.personal.independence import independent_weights

correct = jax.jit(correction.correct)


def make_hierarchy(numbers, seed=0) -> Hierarchy:
    """A covariance whose eigenvalues span four orders of magnitude, as those that few persons leave."""
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.normal(size=(2, numbers, numbers)))[0]
    covariance = turned * np.geomspace(1e-4, 1, numbers) @ turned.transpose(0, 2, 1)
    mean = 0.1 * rng.normal(size=(2, numbers))
    return Hierarchy(np.float32(mean), np.float32(np.linalg.cholesky(covariance)), np.float32(0.05))


@pytest.fixture(scope="module")
def prior() -> Prior:
    rng = np.random.default_rng(5)
    basis = np.float32(rng.normal(size=(5, 3)))
    return Prior(
        basis, np.float32(rng.normal(size=5)), np.float32([0.1, -0.2]), make_hierarchy(5), make_hierarchy(5, 1)
    )


def expected(prior, given, features, output):
    """The same prediction in float64, from the textbook's precision matrices."""
    resting, labeled = np.asarray(given.neutral) > 0, np.asarray(given.labeled) > 0
    given = jax.tree.map(np.float64, given)
    hierarchy = jax.tree.map(np.float64, prior.neutral if resting.any() else prior.labeled)
    face, rest, start = np.float64(prior.features), np.float64(prior.output), np.zeros(2)
    if resting.any():
        face, rest = given.features[resting].mean(0), given.output[resting].mean(0)
        start = rest
    weight = np.float64(independent_weights(given.labeled, given.time_seconds))[labeled]
    predicted = np.zeros((len(output), 2))
    for dimension in range(2):
        inputs = lambda features, output, own=dimension: np.column_stack(
            [np.ones(len(output)), output[:, own] - rest[own], (features - face) @ np.float64(prior.basis)]
        )
        own = inputs(given.features, given.output)[labeled]
        error = (given.label - given.output)[labeled, dimension] + start[dimension]
        root, mean = hierarchy.root[dimension], hierarchy.mean[dimension]
        precision = np.linalg.inv(root @ root.T)
        weighted = own * weight[:, None] / hierarchy.noise
        correction = np.linalg.solve(weighted.T @ own + precision, weighted.T @ error + precision @ mean)
        base = output[:, dimension] - start[dimension]
        predicted[:, dimension] = base + inputs(features, output) @ correction
    return predicted


@pytest.mark.parametrize("neutral", [True, False])
@pytest.mark.parametrize("labels", [True, False])
def test_predictions_are_those_of_bayesian_linear_regression(prior, targets, neutral, labels):
    person = person_at(targets, 0)
    given = dataclasses.replace(person, labeled=person.labeled * labels, neutral=person.neutral * neutral)
    found = correct(prior, given).apply(given.features, given.output)
    if not (neutral or labels):
        assert np.asarray(found).tobytes() == given.output.tobytes()
        return
    wanted = expected(prior, given, np.float64(given.features), np.float64(given.output))
    assert np.abs(wanted - given.output).max() > 0.05
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_frames_of_weight_0_change_nothing_even_if_they_are_no_numbers(prior, targets):
    given = person_at(targets, 0)
    unused = (given.labeled == 0) & (given.neutral == 0)
    assert unused.any()
    broken = {}
    for name in ("features", "output", "label", "time_seconds"):
        values = getattr(given, name).copy()
        values[unused] = np.nan
        broken[name] = values
    resting = (given.neutral > 0) & (given.labeled == 0)
    broken["label"][resting] = np.inf  # the label of a neutral frame is not needed
    found = correct(prior, dataclasses.replace(given, **broken))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(correct(prior, given)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_more_labels_at_the_same_moment_tell_no_more(prior, targets):
    given = person_at(targets, 0)
    twice = jax.tree.map(lambda leaf: np.repeat(leaf, 2, axis=0), given)
    for one, other in zip(jax.tree.leaves(correct(prior, twice)), jax.tree.leaves(correct(prior, given)), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4)


def test_an_adapter_is_the_correction_from_its_origin():
    rng = np.random.default_rng(2)
    features, output = np.float32(rng.normal(size=(7, 4))), np.float32(rng.normal(size=(7, 2)))
    basis, correction = np.float32(rng.normal(size=(4, 3))), np.float32(rng.normal(size=(2, 5)))
    origin = Origin(np.float32(rng.normal(size=4)), np.float32([0.3, -0.1]), np.float32([0.2, 0.4]))
    found = to_adapter(basis, origin, correction).apply(features, output)
    for dimension in range(2):
        bias, scale, weights = correction[dimension, 0], correction[dimension, 1], correction[dimension, 2:]
        wanted = output[:, dimension] - origin.subtracted[dimension] + bias
        wanted = wanted + scale * (output[:, dimension] - origin.output[dimension])
        wanted = wanted + (features - origin.features) @ basis @ weights
        np.testing.assert_allclose(found[:, dimension], wanted, rtol=1e-4, atol=1e-4)


def test_without_source_persons_labels_help_and_nothing_given_changes_nothing(targets):
    given = person_at(targets, 1)
    error = lambda adapter: np.square(adapter.apply(given.features, given.output) - given.label).mean()
    learned = correct(prior_without_sources(given), given)
    assert error(learned) < 0.5 * np.square(given.output - given.label).mean()
    nothing = dataclasses.replace(given, labeled=0 * given.labeled, neutral=0 * given.neutral)
    adapter = correct(prior_without_sources(nothing), nothing)
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves(adapter))


def test_without_labels_the_posterior_is_the_prior():
    hierarchy = make_hierarchy(4)
    zeros = jnp.zeros((2, 3, 4))
    found = posterior_mean(hierarchy, zeros, zeros[..., 0], jnp.zeros(3))
    np.testing.assert_allclose(found, hierarchy.mean, rtol=1e-6)
