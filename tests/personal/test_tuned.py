"""Fine-tuning of heads; what is particular to a method is in the test of its file."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.personal import folds, rehearsal
from affect_jax.personal.given import person_at
from affect_jax.personal.labeled import gather_labeled
from affect_jax.personal.last_layer import LastLayer
from affect_jax.personal.low_rank import LowRank
from affect_jax.personal.rehearsal import Schedule
from affect_jax.personal.tuned import TunedPrior
from affect_jax.personal.whole_head import WholeHead

KEY = jax.random.key(0)
METHODS = (LastLayer(), WholeHead(), LowRank())


def prior_of(head, steps=60, rate=0.02):
    return TunedPrior(head, Schedule(np.float32([1.0]), np.float32([rate]), np.int32([steps])))


@pytest.fixture(scope="module", params=METHODS, ids=[method.name for method in METHODS])
def case(request, head, targets):
    """The method, its prior, and its compiled predictions for all persons at once."""
    method, prior = request.param, prior_of(head)

    @jax.jit
    def personalize(given):
        adapt_and_predict = lambda own: method.predict(prior, method.adapt(prior, own, KEY), own.features, own.output)
        return jax.vmap(adapt_and_predict)(given)

    return method, prior, personalize


def test_a_few_labels_improve_the_frames_without_labels(case, targets):
    _, _, personalize = case
    unlabeled = targets.labeled == 0
    error = lambda predicted: np.mean((np.asarray(predicted) - targets.label)[unlabeled] ** 2)
    assert error(personalize(targets)) < 0.3 * error(targets.output)


def test_persons_adapt_together_as_they_would_alone(case, targets):
    method, prior, personalize = case
    alone = person_at(targets, 2)
    found = method.predict(prior, method.adapt(prior, alone, KEY), alone.features, alone.output)
    np.testing.assert_allclose(personalize(targets)[2], found, rtol=1e-4, atol=1e-5)


def test_what_is_not_labeled_changes_nothing(case, targets):
    method, prior, _ = case
    known = targets.labeled[..., None] > 0
    spoiled = dataclasses.replace(
        targets,
        features=np.where(known, targets.features, np.nan),
        label=np.where(known, targets.label, 7),
        output=np.where(known, targets.output, np.inf),
    )
    one, other = (jax.vmap(lambda own: method.adapt(prior, own, KEY))(given) for given in (targets, spoiled))
    for leaf, spoiled_leaf in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(leaf, spoiled_leaf)


def test_without_labels_the_base_network_remains_bit_for_bit(case, targets):
    _, _, personalize = case
    labeled = targets.labeled.copy()
    labeled[1] = 0
    output = targets.output.copy()
    output[1, 0] = -0.0
    found = np.asarray(personalize(dataclasses.replace(targets, labeled=labeled, output=output)))
    assert found[1].tobytes() == output[1].tobytes()
    assert np.abs(found[0] - output[0]).max() > 0.01


def test_the_start_is_the_base_network(case, head, targets):
    method, _, _ = case
    given = person_at(targets, 0)
    start = method.start(head, gather_labeled(given), KEY)
    np.testing.assert_allclose(method.outputs(head, start, given.features), head(given.features), atol=1e-6)


@pytest.mark.slow
def test_how_far_to_go_is_learned_from_source_persons(monkeypatch, sources, targets):
    monkeypatch.setattr(folds, "HEAD_STOPS", (300,))
    monkeypatch.setattr(rehearsal, "AMOUNTS", (("random", 0.2),))
    method = LastLayer()
    prior = method.learn(sources, KEY)
    assert prior.schedule.steps[0] >= 30
    found = jax.vmap(lambda own: method.predict(prior, method.adapt(prior, own, KEY), own.features, own.output))(
        targets
    )
    error = lambda predicted: np.mean((np.asarray(predicted) - targets.label)[targets.labeled == 0] ** 2)
    assert error(found) < 0.5 * error(targets.output)


def gradients_in_float64(head, features, label):
    """The derivatives of the mean squared error by the arrays of a two-layer head, written out."""
    before = features @ head["hidden_kernel"] + head["hidden_bias"]
    hidden = np.maximum(before, 0)
    error = 2 * (hidden @ head["output_kernel"] + head["output_bias"] - label) / label.size
    back = error @ head["output_kernel"].T * (before > 0)
    return {
        "hidden_kernel": features.T @ back,
        "hidden_bias": back.sum(0),
        "output_kernel": hidden.T @ error,
        "output_bias": error.sum(0),
    }


def tuned_in_float64(head, given, learns, steps, rate):
    used = given.labeled > 0
    features, label = given.features[used].astype(np.float64), given.label[used].astype(np.float64)
    parameters = {name: np.float64(array) for name, array in vars(head).items()}
    first = {name: np.zeros_like(array) for name, array in parameters.items()}
    second = {name: np.zeros_like(array) for name, array in parameters.items()}
    for step in range(1, steps + 1):
        gradients = gradients_in_float64(parameters, features, label)
        for name in learns:
            first[name] = 0.9 * first[name] + 0.1 * gradients[name]
            second[name] = 0.999 * second[name] + 0.001 * gradients[name] ** 2
            scaled = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
            parameters[name] = parameters[name] - rate * scaled
    hidden = np.maximum(given.features @ parameters["hidden_kernel"] + parameters["hidden_bias"], 0)
    return hidden @ parameters["output_kernel"] + parameters["output_bias"]


@pytest.mark.parametrize(
    ("method", "learns"),
    [
        (LastLayer(), ("output_kernel", "output_bias")),
        (WholeHead(), ("hidden_kernel", "hidden_bias", "output_kernel", "output_bias")),
    ],
    ids=("last_layer", "whole_head"),
)
def test_the_layers_take_the_steps_of_adam(method, learns, head, targets):
    rng = np.random.default_rng(0)
    noisy = jax.tree.map(lambda leaf: (leaf + 0.3 * rng.normal(size=leaf.shape)).astype(np.float32), head)
    given, prior = person_at(targets, 0), prior_of(noisy, steps=12)
    found = method.predict(prior, method.adapt(prior, given, KEY), given.features, given.output)
    np.testing.assert_allclose(found, tuned_in_float64(noisy, given, learns, 12, 0.02), rtol=1e-3, atol=1e-4)


def test_steps_and_learning_rate_depend_on_what_the_labels_tell(head, targets):
    """15 labels 0.4 s apart tell about 10 + 14 * 0.4 = 15.6 s, 2 of them about 10.4 s."""
    method = LastLayer()
    schedule = Schedule(np.float32([10, 16]), np.float32([0.5, 0.02]), np.int32([0, 60]))
    found = method.adapt(TunedPrior(head, schedule), person_at(targets, 0), KEY)
    expected = method.adapt(prior_of(head), person_at(targets, 0), KEY)
    np.testing.assert_array_equal(found.parameters["output_kernel"], expected.parameters["output_kernel"])
    few = jax.tree.map(jnp.asarray, person_at(targets, 0))
    few = dataclasses.replace(few, labeled=few.labeled.at[8:].set(0))
    unchanged = method.adapt(TunedPrior(head, schedule), few, KEY)
    np.testing.assert_array_equal(unchanged.parameters["output_kernel"], head.output_kernel)
