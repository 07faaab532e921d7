"""The mixtures as methods: uniform, gated and fine-tuned."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.personal import experts, folds, rehearsal
from affect_jax.personal.experts import TunedExperts
from affect_jax.personal.gated_experts import GatedExperts
from affect_jax.personal.given import person_at
from affect_jax.personal.labeled import gather_labeled
from affect_jax.personal.mixture import Mixture, uniform_mixture
from affect_jax.personal.rehearsal import Schedule
from affect_jax.personal.tuned import TunedPrior
from affect_jax.personal.uniform_experts import UniformExperts

KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def mixture(head) -> Mixture:
    """The head of the usual person in three sizes, and a gate on the resting face."""
    heads = jax.tree.map(lambda leaf: np.stack([0.6 * leaf, leaf, 1.4 * leaf]), head)
    rng = np.random.default_rng(0)
    return Mixture(heads, rng.normal(size=(5, 3)).astype(np.float32), np.zeros(3, np.float32))


def personalize(method, prior, given):
    adapt = lambda own: method.predict(prior, method.adapt(prior, own, KEY), own.features, own.output)
    return np.asarray(jax.jit(jax.vmap(adapt))(given))


@pytest.mark.parametrize("method", [UniformExperts(), GatedExperts()], ids=("uniform", "gated"))
def test_a_mixture_for_all_needs_frames_and_no_labels(method, mixture, targets):
    present = targets.present.copy()
    present[1] = 0
    found = personalize(method, mixture, dataclasses.replace(targets, present=present, labeled=0 * targets.labeled))
    assert found[1].tobytes() == targets.output[1].tobytes()
    np.testing.assert_allclose(found[0], mixture(targets.features[0]), rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def prior(mixture) -> TunedPrior:
    return TunedPrior(mixture, Schedule(np.float32([1]), np.float32([0.02]), np.int32([60])))


def test_fine_tuning_improves_the_frames_without_labels_and_leaves_who_has_none(prior, targets):
    labeled = targets.labeled.copy()
    labeled[1] = 0
    given = dataclasses.replace(targets, labeled=labeled)
    found = personalize(TunedExperts(), prior, given)
    assert found[1].tobytes() == targets.output[1].tobytes()
    error = lambda predicted, person: np.mean((predicted[person] - targets.label[person])[labeled[person] == 0] ** 2)
    for person in (0, 2, 3):
        assert error(found, person) < 0.5 * error(targets.output, person)
    alone = person_at(given, 2)
    method = TunedExperts()
    own = method.predict(prior, method.adapt(prior, alone, KEY), alone.features, alone.output)
    np.testing.assert_allclose(found[2], own, rtol=1e-3, atol=1e-4)


def test_what_is_not_labeled_changes_nothing(prior, targets):
    method = TunedExperts()
    known = targets.labeled[..., None] > 0
    spoiled = dataclasses.replace(
        targets, features=np.where(known, targets.features, np.nan), label=np.where(known, targets.label, 7)
    )
    one, other = (jax.vmap(lambda own: method.adapt(prior, own, KEY))(given) for given in (targets, spoiled))
    for leaf, spoiled_leaf in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(leaf, spoiled_leaf)


def test_of_many_experts_those_are_fine_tuned_that_the_gate_prefers(monkeypatch, mixture, targets):
    monkeypatch.setattr(experts, "MOST_EXPERTS", 2)
    given = person_at(targets, 0)
    used = given.labeled > 0
    logits = given.features[used].astype(np.float64) @ mixture.gate_kernel
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    order = np.argsort(-shares.mean(0))[:2]
    start = TunedExperts().start(mixture, gather_labeled(given), KEY)
    np.testing.assert_array_equal(start.gate_kernel, mixture.gate_kernel[:, order])
    np.testing.assert_array_equal(start.heads.output_kernel, mixture.heads.output_kernel[order])


def test_an_expert_that_is_not_allowed_stays_out(mixture, targets):
    base = uniform_mixture(mixture.heads, np.float32([1, 0, 1]))
    method, given = TunedExperts(), person_at(targets, 0)
    prior = TunedPrior(base, Schedule(np.float32([1]), np.float32([0.02]), np.int32([5])))
    tuned = method.adapt(prior, given, KEY).parameters
    shares = np.asarray(jax.nn.softmax(tuned.gate(jnp.asarray(given.features))))
    assert (shares == 0).all(axis=0).sum() == 1


def error(predicted, persons):
    return np.mean((predicted - persons.label) ** 2)


@pytest.mark.slow
@pytest.mark.parametrize("method", [GatedExperts(), TunedExperts()], ids=lambda method: method.name)
def test_experts_learned_from_source_persons_are_better_than_the_base(monkeypatch, method, sources, targets):
    monkeypatch.setattr(folds, "HEAD_STOPS", (300,))
    monkeypatch.setattr(rehearsal, "AMOUNTS", (("random", 0.2),))
    prior = method.learn(sources, KEY)
    assert error(personalize(method, prior, targets), targets) < error(targets.output, targets)


@pytest.mark.slow
def test_experts_that_count_equally_are_better_for_source_persons_and_no_worse_than_one_for_strangers(
    monkeypatch, sources, targets
):
    """Without a gate, strangers get the resting face of the usual source person, which need not be better than none."""
    monkeypatch.setattr(folds, "HEAD_STOPS", (300,))
    method = UniformExperts()
    prior = method.learn(sources, KEY)
    given = sources.given
    assert error(personalize(method, prior, given), given) < 0.9 * error(given.output, given)
    alone = [uniform_mixture(prior.heads, row) for row in np.eye(5, dtype=np.float32)]
    one = np.mean([error(personalize(method, each, targets), targets) for each in alone])
    assert error(personalize(method, prior, targets), targets) < one
