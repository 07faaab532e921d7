"""Rows of weight 0 change no loss and no gradient, whatever they hold."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from losses_data import affect_pairs, logits_and_labels

from affect_jax.losses.categorical import cross_entropy, expected_weight
from affect_jax.losses.continuous import ccc, moments, pcc, rmse, squared_error
from affect_jax.losses.distillation import soft_target_divergence
from affect_jax.losses.landmark import heatmap_error
from affect_jax.losses.reduce import weighted_mean


def losses_of(predicted, label, logits, emotion, heatmaps, landmarks, weight):
    return (
        weighted_mean(squared_error(predicted, label, weight), weight)
        + ccc(moments(predicted, label, weight)).sum()
        + pcc(moments(predicted, label, weight)).sum()
        + weighted_mean(cross_entropy(logits, emotion, weight), weight)
        + weighted_mean(heatmap_error(heatmaps, landmarks, weight, image_px=16, sigma=1.0), weight)
    )


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e30])
def test_garbage_in_rows_of_weight_zero_changes_nothing_bit_for_bit(garbage):
    rng = np.random.default_rng(1)
    predicted, label = affect_pairs((6,))
    floats = {
        "predicted": predicted,
        "label": label,
        "logits": rng.normal(size=(6, 3)),
        "heatmaps": rng.normal(size=(6, 2, 4, 4, 68)),
        "landmarks": rng.uniform(0, 16, (6, 68, 2)),
    }
    floats = {name: np.float32(values) for name, values in floats.items()}
    floats["emotion"] = np.eye(3, dtype=np.float32)[[0, 1, 2, 1, 0, 2]]
    weight = np.float32([1, 0, 1, 0.5, 1, 0])
    broken = {name: values.copy() for name, values in floats.items()}
    for values in broken.values():
        values[weight == 0] = garbage
    run = jax.jit(jax.value_and_grad(lambda values: losses_of(**values, weight=jnp.asarray(weight))))
    (clean_value, clean), (value, gradient) = run(floats), run(broken)
    assert np.isfinite(clean_value)
    assert clean_value == value
    for name in floats:
        np.testing.assert_array_equal(np.asarray(clean[name]), np.asarray(gradient[name]), err_msg=name)
        assert not np.asarray(gradient[name])[weight == 0].any(), name


@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e30])
def test_garbage_changes_nothing_in_the_losses_of_recipes_either_bit_for_bit(garbage):
    logits, label, weight = logits_and_labels()
    values = {"student": logits, "teacher": logits[::-1].copy(), "label": label, "affect": logits[:, :2].copy()}
    broken = {name: np.where(weight[:, None] > 0, array, np.float32(garbage)) for name, array in values.items()}

    def loss(of):
        known = jnp.asarray(weight)
        counted = expected_weight(of["label"], jnp.asarray([1.0, 2.0, 3.0, 4.0]), known)
        return (
            weighted_mean(cross_entropy(of["student"], of["label"], known, 0.1), counted)
            + weighted_mean(soft_target_divergence(of["student"], of["teacher"], known, 2.0), known)
            + rmse(of["affect"], of["label"][:, :2], known).sum()
        )

    run = jax.jit(jax.value_and_grad(loss))
    (one, clean), (other, dirty) = run(values), run(broken)
    assert np.isfinite(one) and one == other
    for name in values:
        np.testing.assert_array_equal(np.asarray(clean[name]), np.asarray(dirty[name]), err_msg=name)
        assert not np.asarray(dirty[name])[weight == 0].any(), name


def test_nothing_labeled_gives_zero_and_no_gradient():
    value, gradient = jax.value_and_grad(lambda v: weighted_mean(v, jnp.zeros(3)))(jnp.asarray([1.0, jnp.nan, jnp.inf]))
    assert value == 0
    assert not gradient.any()
