"""The affect task: its terms against the plain losses, its gradients and its scores, on images and clips."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from records import make_batch, make_labels, unlabeled_rows, with_nan_labels, with_weights

from affect_jax.tasks.affect import Affect, AffectConfig
from affect_jax.tasks.registry import TASKS
from affect_jax.types import Predictions


def batch_of(shape, seed=0):
    """A batch and predictions in which every third row lacks V/A, every fourth the emotion, and the last is padding."""
    rng = np.random.default_rng(seed)
    n = int(np.prod(shape))
    place = np.arange(n).reshape(shape)
    label = rng.uniform(-1, 1, (*shape, 2)).astype(np.float32)
    labels = make_labels(
        label,
        np.float32(place % 3 > 0),
        np.eye(4, dtype=np.float32)[rng.integers(0, 4, shape)],
        np.float32(place % 4 > 0),
        np.zeros((*shape, 68, 2), np.float32),
        np.zeros(shape, np.float32),
    )
    batch = make_batch(np.zeros((*shape, 4, 4, 3), np.float32), labels, np.float32(place < n - 1), place)
    predicted = np.float32(0.5 * label + rng.normal(0.1, 0.3, label.shape))
    logits = rng.normal(size=(*shape, 4)).astype(np.float32)
    return jax.tree.map(jnp.asarray, (Predictions(valence_arousal=predicted, emotion=logits), batch))


def expected_terms(predictions, batch):
    kept = np.asarray(batch.labels["valence_arousal"].weight * batch.weight) > 0
    predicted, label = (
        np.float64(array)[kept] for array in (predictions["valence_arousal"], batch.labels["valence_arousal"].value)
    )
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    gap = (predicted.mean(0) - label.mean(0)) ** 2
    named = np.asarray(batch.labels["emotion"].weight * batch.weight) > 0
    logits = np.float64(predictions["emotion"])[named]
    right = (logits * np.asarray(batch.labels["emotion"].value)[named]).sum(-1)
    return {
        "loss/emotion": (np.log(np.exp(logits).sum(-1)) - right).mean(),
        "loss/mse": ((predicted - label) ** 2).mean(),
        "loss/pcc": 1 - (covariance / (predicted.std(0) * label.std(0))).mean(),
        "loss/ccc": 1 - (2 * covariance / (predicted.var(0) + label.var(0) + gap)).mean(),
    }


@pytest.mark.parametrize("shape", [(24,), (4, 6)])
def test_terms_equal_float64_numpy_over_all_frames_of_the_batch(shape):
    predictions, batch = batch_of(shape)
    terms, _ = jax.jit(Affect(AffectConfig()).terms)(predictions, batch)
    expected = expected_terms(predictions, batch)
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5, err_msg=name)


def test_combine_adds_the_emotion_term_to_a_convex_mixture():
    terms = {"loss/emotion": 2.0, "loss/mse": 0.3, "loss/pcc": 0.6, "loss/ccc": 0.9}
    terms = {name: jnp.float32(value) for name, value in terms.items()}
    task = Affect(AffectConfig(emotion_weight=0.5))
    np.testing.assert_allclose(task.combine(terms, {}, None), 0.5 * 2 + 0.6, rtol=1e-6)
    np.testing.assert_allclose(
        Affect(AffectConfig(mixing="fixed")).combine(terms, {}, jax.random.key(0)), 2 + 0.6, rtol=1e-6
    )
    totals = [float(task.combine(terms, {}, key)) for key in jax.random.split(jax.random.key(0), 20)]
    assert len(set(totals)) == 20
    assert 1.3 < min(totals) < max(totals) < 1.9


def test_what_is_not_labeled_has_no_influence_bit_for_bit():
    predictions, batch = batch_of((24,))
    task, key = Affect(AffectConfig()), jax.random.key(3)

    def loss(values, logits, batch):
        return task.combine(task.terms(Predictions(valence_arousal=values, emotion=logits), batch)[0], {}, key)

    run = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    value, clean = run(predictions["valence_arousal"], predictions["emotion"], batch)
    unrated, unnamed = unlabeled_rows(batch, "valence_arousal"), unlabeled_rows(batch, "emotion")
    broken = with_nan_labels(batch, "valence_arousal", "emotion")
    garbage = jnp.where(unrated, jnp.nan, predictions["valence_arousal"])
    wild = jnp.where(unnamed, jnp.inf, predictions["emotion"])
    other, dirty = run(garbage, wild, broken)
    assert value == other
    for one, two, absent in zip(clean, dirty, (unrated, unnamed), strict=True):
        np.testing.assert_array_equal(one, two)
        assert not np.asarray(two)[np.asarray(absent)[:, 0]].any()
        assert np.asarray(two).any()


def test_a_batch_without_any_rating_trains_the_emotion_alone():
    predictions, batch = batch_of((12,))
    labels = with_weights(batch.labels, valence_arousal=jnp.zeros(12))
    batch, task = dataclasses.replace(batch, labels=labels), Affect(AffectConfig())

    def loss(values):
        terms, _ = task.terms(predictions.replace(valence_arousal=values), batch)
        return task.combine(terms, {}, jax.random.key(0)), terms

    (total, terms), gradient = jax.value_and_grad(loss, has_aux=True)(predictions["valence_arousal"])
    assert [float(terms[name]) for name in ("loss/mse", "loss/pcc", "loss/ccc")] == [0, 0, 0]
    assert total == terms["loss/emotion"] > 0
    assert not gradient.any()


def test_loss_is_the_same_on_eight_devices():
    predictions, batch = batch_of((24,))
    task = Affect(AffectConfig())
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))

    def loss(predictions, batch):
        return task.combine(task.terms(predictions, batch)[0], {}, jax.random.key(1))

    run = jax.jit(jax.value_and_grad(loss))
    spread = jax.device_put((predictions, batch), place)
    (one, gradient), (many, spread_gradient) = run(predictions, batch), run(*spread)
    np.testing.assert_allclose(one, many, rtol=1e-6)
    np.testing.assert_allclose(gradient["valence_arousal"], spread_gradient["valence_arousal"], rtol=1e-4, atol=1e-7)


def test_tasks_are_hashable_and_refuse_unknown_options():
    for task, config in TASKS.values():
        assert hash(task(config())) == hash(task(config()))
        assert task(config()) == task(config())
    with pytest.raises(ValueError, match="task.mixing is 'dirichlet'; choose one of fixed, learned, shake"):
        AffectConfig(mixing="dirichlet")
    with pytest.raises(ValueError, match="task.emotion_weight is -1.0; it must not be negative"):
        AffectConfig(emotion_weight=-1.0)
