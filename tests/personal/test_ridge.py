import dataclasses

import jax
import numpy as np

from affect_jax.personal.registry import METHODS
from affect_jax.personal.ridge import STRENGTHS, Ridge
from affect_jax.personal.spread import feature_spread

KEY = jax.random.key(0)


def test_predictions_are_those_of_augmented_least_squares(targets):
    """The penalty as rows of data that want each weight to be 0, solved by `lstsq` in float64."""
    given = jax.tree.map(lambda leaf: leaf[0], targets)
    spread, strength = np.float32([0.5, 1, 2, 1, 3]), 2.5
    adapter = Ridge().adapt({"strength": np.float32(strength), "spread": spread}, given, KEY)
    used = given.labeled > 0
    inputs = np.column_stack([np.float64(given.features / spread), np.ones(len(used))])
    penalty = np.column_stack([np.sqrt(strength) * np.eye(5), np.zeros(5)])
    data = np.concatenate([inputs[used], penalty]), np.concatenate([given.label[used], np.zeros((5, 2))])
    wanted = inputs @ np.linalg.lstsq(*data, rcond=None)[0]
    found = adapter.apply(given.features, given.output)
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_the_base_network_plays_no_part(targets):
    given = jax.tree.map(lambda leaf: leaf[0], targets)
    other = dataclasses.replace(given, output=given.output[::-1] - 0.3)
    predict = lambda given: Ridge().adapt({}, given, KEY).apply(given.features, given.output)
    np.testing.assert_allclose(predict(other), predict(given), atol=1e-5)


def test_the_strength_is_one_of_those_on_offer_and_features_are_standardized(sources):
    prior = METHODS["ridge"].learn(sources, KEY)
    assert float(prior["strength"]) in STRENGTHS
    features = np.float64(sources.given.features).reshape(-1, 5)
    deviation = features.std(axis=0)
    np.testing.assert_allclose(prior["spread"][:4], deviation[:4], rtol=0.05)
    # A feature that hardly varies is not blown up to the size of the others.
    usual = np.sqrt((deviation**2).mean())
    np.testing.assert_allclose(prior["spread"][4], np.hypot(deviation[4], 0.1 * usual), rtol=1e-3)
    assert prior["spread"][4] > 1.5 * deviation[4]
    np.testing.assert_array_equal(prior["spread"], feature_spread(sources.given))
