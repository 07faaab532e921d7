import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.personal import adaptive_learning, folds
from affect_jax.personal.adaptive_learning import AdaptiveLearning, neutral_loss
from affect_jax.personal.given import Given, person_at
from affect_jax.personal.sources import BaseHead
from affect_jax.personal.together import adapt_alone, adapt_together

KEY = jax.random.key(5)
METHOD = AdaptiveLearning()
FRAMES, NEUTRAL = 9, 4


@pytest.fixture(scope="module")
def rater() -> BaseHead:
    """Two emotions with eleven classes each, from three features."""
    rng = np.random.default_rng(1)
    return BaseHead(None, None, rng.normal(size=(3, 22)).astype(np.float32), np.zeros(22, np.float32), each=11)


@pytest.fixture(scope="module")
def faces(rater) -> Given:
    """Three persons whose first frames are neutral; the third gives none."""
    rng = np.random.default_rng(2)
    features = rng.normal(size=(3, FRAMES, 3)).astype(np.float32)
    neutral = np.broadcast_to(np.arange(FRAMES) < NEUTRAL, (3, FRAMES)).astype(np.float32).copy()
    neutral[2] = 0
    labels = rng.uniform(0, 1, (3, FRAMES, 2)).astype(np.float32)
    return Given(features, np.asarray(rater(features)), labels, 0 * neutral, neutral, np.ones_like(neutral))


def predict(prior, personal, given):
    return np.asarray(jax.vmap(METHOD.predict, (None, 0, 0, 0))(prior, personal, given.features, given.output))


def softmax(logits):
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def test_it_is_momentum_descent_of_the_cross_entropy_with_class_0(rater, faces):
    """In float64, by the gradient of a softmax, on the frames that were drawn."""
    rate, steps = 0.1, 4
    personal = adapt_alone(METHOD, METHOD.prior(rater, rate, steps), person_at(faces, 0), KEY)
    kernel, bias = np.float64(rater.output_kernel), np.float64(rater.output_bias)
    velocity = [np.zeros_like(kernel), np.zeros_like(bias)]
    for step in range(steps):
        rows = np.asarray(jax.random.randint(jax.random.fold_in(KEY, step), (3,), 0, NEUTRAL))
        inputs = np.float64(faces.features[0][rows])
        wrong = softmax((inputs @ kernel + bias).reshape(3, 2, 11)) - np.eye(11)[0]
        wrong = wrong.reshape(3, 22) / (3 * 2)
        for place, gradient in enumerate((inputs.T @ wrong, wrong.sum(0))):
            velocity[place] = gradient + 0.9 * velocity[place]
        kernel, bias = kernel - rate * velocity[0], bias - rate * velocity[1]
    np.testing.assert_allclose(personal.learned["output_kernel"], kernel, atol=1e-5)
    np.testing.assert_allclose(personal.learned["output_bias"], bias, atol=1e-5)


def test_losses_are_those_of_a_neutral_label():
    logits = np.random.default_rng(0).normal(size=(5, 22)).astype(np.float32)
    classes = -np.log(softmax(np.float64(logits).reshape(5, 2, 11))[..., 0]).mean(1)
    np.testing.assert_allclose(neutral_loss(jnp.asarray(logits), 11), classes, rtol=1e-5)
    exceeds = 1 / (1 + np.exp(-np.float64(logits[:, :20])))
    np.testing.assert_allclose(neutral_loss(jnp.asarray(logits[:, :20]), 10), -np.log(1 - exceeds).mean(1), rtol=1e-5)
    np.testing.assert_allclose(neutral_loss(jnp.asarray(logits), 1), (np.float64(logits) ** 2).mean(1), rtol=1e-5)


def test_iterations_lower_the_answer_to_neutral_faces_and_0_of_them_are_the_network_bit_for_bit(rater, faces):
    after = {}
    for iterations in (0, 30):
        prior = METHOD.prior(rater, 0.1, iterations)
        after[iterations] = predict(prior, adapt_together(METHOD, prior, faces, KEY), faces)
    assert after[0].tobytes() == faces.output.tobytes()
    assert after[30][2].tobytes() == faces.output[2].tobytes()  # who gave no neutral face
    resting = faces.neutral > 0
    assert after[30][resting].mean() < 0.5 * faces.output[resting].mean()


def test_together_is_one_after_another(rater, faces):
    prior = METHOD.prior(rater, 0.1, 5)
    together = adapt_together(METHOD, prior, faces, KEY)
    for index in range(3):
        alone = adapt_alone(METHOD, prior, person_at(faces, index), KEY)
        for one, other in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(one[index], other, rtol=1e-5, atol=1e-6)


def test_nothing_but_neutral_frames_is_learned_from(rater, faces):
    """Leakage: other frames and all labels may be anything, even no numbers."""
    resting = faces.neutral[..., None] > 0
    spoiled = dataclasses.replace(
        faces,
        features=np.where(resting, faces.features, np.nan).astype(np.float32),
        output=np.where(resting, faces.output, np.nan).astype(np.float32),
        label=np.full_like(faces.label, np.nan),
    )
    prior = METHOD.prior(rater, 0.1, 5)
    one, other = (adapt_together(METHOD, prior, given, KEY) for given in (faces, spoiled))
    for mine, theirs in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_layers_are_chosen_by_their_names(rater, faces, head):
    given = person_at(faces, 0)
    bias = AdaptiveLearning(layers="output_bias")
    learned = adapt_alone(bias, bias.prior(rater, 0.1, 3), given, KEY).learned
    assert set(learned) == {"output_bias"} and np.any(learned["output_bias"] != 0)
    everything = AdaptiveLearning(layers=".*")
    start = everything._start(head)
    assert list(start) == ["hidden_kernel", "hidden_bias", "output_kernel", "output_bias"]
    with pytest.raises(ValueError, match="layers='hidden.*' matches no array of the head; it has output_kernel"):
        AdaptiveLearning(layers="hidden.*")._start(rater)


@pytest.mark.slow
def test_how_far_it_goes_is_chosen_on_source_persons_and_helps_strangers(monkeypatch, sources, targets):
    monkeypatch.setattr(folds, "HEAD_STOPS", (300,))
    monkeypatch.setattr(adaptive_learning, "STOPS", (0, 10, 100))
    prior = METHOD.learn(sources, KEY)
    assert int(prior.iterations) > 0
    personal = adapt_together(METHOD, prior, dataclasses.replace(targets, labeled=0 * targets.labeled), KEY)
    error = lambda predicted: np.mean((predicted - targets.label) ** 2)
    assert error(predict(prior, personal, targets)) < 0.9 * error(targets.output)


def test_sources_need_neutral_faces(sources):
    given = dataclasses.replace(sources.given, neutral=np.zeros_like(sources.given.neutral))
    with pytest.raises(ValueError, match="method 'adaptive_learning' compares with a neutral face, but source person"):
        METHOD.learn(dataclasses.replace(sources, given=given), KEY)
