import dataclasses

import jax
import numpy as np
import pytest

from affect_jax.personal import folds
from affect_jax.personal.given import person_at
from affect_jax.personal.mixture import expert_outputs
from affect_jax.personal.similar_sources import Resemblance, SimilarPrior, SimilarSources
from affect_jax.personal.sources import BaseHead

KEY = jax.random.key(0)


def resemblance(nearest, temperature=0.5) -> Resemblance:
    neutral = np.float32([[0, 0], [1, 0], [0, 4], [3, 3]])
    return Resemblance(neutral, np.float32([1, 2]), np.int32(nearest), np.float32(temperature))


def test_shares_fall_with_the_distance_of_the_neutral_faces():
    """Mean squared distances of (0.5, 0), by hand: 0.125, 0.125, (0.25 + 4) / 2 = 2.125, (6.25 + 2.25) / 2 = 4.25."""
    face, everybody = np.float32([0.5, 0]), np.ones(4, np.float32)
    found = resemblance(3).shares(face, everybody)
    weights = np.exp(-np.float64([0.125, 0.125, 2.125]) / 0.5)
    np.testing.assert_allclose(found, [*(weights / weights.sum()), 0], rtol=1e-5)
    np.testing.assert_array_equal(resemblance(1).shares(np.float32([0, 3.5]), everybody), [0, 0, 1, 0])
    np.testing.assert_allclose(resemblance(2, 1e6).shares(face, everybody), [0.5, 0.5, 0, 0], rtol=1e-5)


def test_who_is_not_allowed_has_no_share():
    found = resemblance(2, 1e6).shares(np.float32([0.5, 0]), np.float32([0, 1, 1, 1]))
    np.testing.assert_allclose(found, [0, 0.5, 0.5, 0], rtol=1e-5)


@pytest.fixture(scope="module")
def prior() -> SimilarPrior:
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    heads = BaseHead(draw(3, 5, 6), draw(3, 6), draw(3, 6, 2), draw(3, 2))
    return SimilarPrior(heads, Resemblance(draw(3, 5), np.ones(5, np.float32), np.int32(2), np.float32(1)))


def personalize(prior, given):
    method = SimilarSources()
    adapt = lambda own: method.predict(prior, method.adapt(prior, own, KEY), own.features, own.output)
    return np.asarray(jax.jit(jax.vmap(adapt))(given))


def test_predictions_are_the_mean_of_the_experts_by_shares(prior, targets):
    found = personalize(prior, targets)
    for person in range(4):
        own = person_at(targets, person)
        shares = np.asarray(prior.resemblance.shares(own.features[:6].mean(0), np.ones(3, np.float32)))
        outputs = np.asarray(expert_outputs(prior.heads, own.features))
        np.testing.assert_allclose(found[person], np.einsum("k,fkd->fd", shares, outputs), rtol=1e-3, atol=1e-4)


def test_only_neutral_frames_decide_and_without_any_the_base_network_remains(prior, targets):
    method = SimilarSources()
    neutral = targets.neutral[..., None] > 0
    spoiled = dataclasses.replace(
        targets, features=np.where(neutral, targets.features, np.nan), label=np.full_like(targets.label, np.nan)
    )
    one, other = (jax.vmap(lambda own: method.adapt(prior, own, KEY))(given) for given in (targets, spoiled))
    np.testing.assert_array_equal(one.shares, other.shares)
    nobody = targets.neutral.copy()
    nobody[1] = 0
    found = personalize(prior, dataclasses.replace(targets, neutral=nobody))
    assert found[1].tobytes() == targets.output[1].tobytes()


@pytest.mark.slow
def test_experts_of_similar_persons_are_better_than_the_base(monkeypatch, sources, targets):
    monkeypatch.setattr(folds, "HEAD_STOPS", (300,))
    prior = SimilarSources().learn(sources, KEY)
    assert int(prior.resemblance.nearest) in (1, 3)
    error = lambda predicted: np.mean((predicted - targets.label) ** 2)
    assert error(personalize(prior, targets)) < error(targets.output)
