"""Losses against float64 NumPy, closed forms and finite differences; rows of weight 0 must not matter."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.losses.categorical import cross_entropy
from affect_jax.losses.continuous import ccc, moments, pcc, squared_error
from affect_jax.losses.landmark import heatmap_error
from affect_jax.losses.mixing import plain_mean, shake
from affect_jax.losses.reduce import weighted_mean
from affect_jax.ops.heatmap import render_heatmaps


def affect_pairs(shape=(40,)):
    rng = np.random.default_rng(0)
    label = rng.uniform(-1, 1, (*shape, 2)).astype(np.float32)
    predicted = (0.6 * label + rng.normal(0.1, 0.2, label.shape)).astype(np.float32)
    return predicted, label


def moments_of(predicted, label):
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    return covariance, predicted.var(0), label.var(0), (predicted.mean(0) - label.mean(0)) ** 2


def test_set_statistics_equal_float64_numpy_on_photographs_and_clips():
    predicted, label = affect_pairs((5, 8))
    weight = np.ones((5, 8), np.float32)
    weight[2, 3:] = 0
    kept = weight > 0
    covariance, var_predicted, var_label, bias = moments_of(np.float64(predicted[kept]), np.float64(label[kept]))
    arguments = jnp.asarray(predicted), jnp.asarray(label), jnp.asarray(weight)
    np.testing.assert_allclose(ccc(moments(*arguments)), 2 * covariance / (var_predicted + var_label + bias), rtol=1e-5)
    np.testing.assert_allclose(pcc(moments(*arguments)), covariance / np.sqrt(var_predicted * var_label), rtol=1e-5)
    flat = [array.reshape(40, *array.shape[2:]) for array in arguments]
    np.testing.assert_allclose(ccc(moments(*arguments)), ccc(moments(*flat)), rtol=1e-6)
    expected = ((np.float64(predicted) - label) ** 2)[kept].mean()
    np.testing.assert_allclose(weighted_mean(squared_error(*arguments), arguments[2]), expected, rtol=1e-6)


def test_fractional_weights_equal_repeated_rows():
    predicted, label = (jnp.asarray(array) for array in affect_pairs((6,)))
    repeated = [jnp.concatenate([array, array[:2], array[:2]]) for array in (predicted, label)]
    weight = jnp.asarray([0.3, 0.3, 0.1, 0.1, 0.1, 0.1])
    for score in (ccc, pcc):
        np.testing.assert_allclose(
            score(moments(predicted, label, weight)), score(moments(*repeated, jnp.ones(10))), rtol=1e-5
        )


@pytest.mark.parametrize("score", [ccc, pcc])
def test_gradient_of_a_correlation_equals_finite_differences(score):
    predicted, label = affect_pairs((12,))
    weight = jnp.ones(12)
    gradient = jax.grad(lambda values: score(moments(values, jnp.asarray(label), weight)).sum())(jnp.asarray(predicted))
    with jax.enable_x64(True):
        step, wide = 1e-5, np.float64(predicted)

        def value(values):
            covariance, var_predicted, var_label, bias = moments_of(values, np.float64(label))
            below = np.sqrt(var_predicted * var_label) if score is pcc else (var_predicted + var_label + bias) / 2
            return (covariance / below).sum()

        for row in (0, 7):
            nudge = np.zeros_like(wide)
            nudge[row, 1] = step
            expected = (value(wide + nudge) - value(wide - nudge)) / (2 * step)
            np.testing.assert_allclose(gradient[row, 1], expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("constant", ["predicted", "label", "both", "equal"])
def test_correlation_of_a_constant_is_zero_with_finite_gradients(rows, constant):
    predicted, label = (jnp.asarray(array) for array in affect_pairs((rows,)))
    predicted = jnp.full_like(predicted, 0.5) if constant != "label" else predicted
    label = jnp.full_like(label, 0.5 if constant == "equal" else 0.2) if constant != "predicted" else label
    for score in (ccc, pcc):
        value, gradient = jax.value_and_grad(lambda p, score=score: score(moments(p, label, jnp.ones(rows))).sum())(
            predicted
        )
        assert abs(value) < 1e-9
        assert np.isfinite(gradient).all()


def test_one_labeled_row_short_of_a_set_gives_no_gradient_of_correlation():
    predicted, label = (jnp.asarray(array) for array in affect_pairs((4,)))
    weight = jnp.asarray([0.0, 1.0, 0.0, 0.0])
    for score in (ccc, pcc):
        assert not jax.grad(lambda p, score=score: score(moments(p, label, weight)).sum())(predicted).any()


def test_cross_entropy_equals_its_closed_form():
    logits = np.array([[1.0, 2.0, 0.5], [1000.0, 0.0, -1000.0]], np.float32)
    entropy = cross_entropy(jnp.asarray(logits), jnp.eye(3)[jnp.array([2, 1])], jnp.ones(2))
    # log(e^1 + e^2 + e^0.5) - 0.5 and 1000 - 0: no overflow
    np.testing.assert_allclose(entropy, [np.log(np.exp([1, 2, 0.5]).sum()) - 0.5, 1000], rtol=1e-6)


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


def test_nothing_labeled_gives_zero_and_no_gradient():
    value, gradient = jax.value_and_grad(lambda v: weighted_mean(v, jnp.zeros(3)))(jnp.asarray([1.0, jnp.nan, jnp.inf]))
    assert value == 0
    assert not gradient.any()


def test_heatmap_error_leaves_out_landmarks_beyond_the_border():
    rng = np.random.default_rng(2)
    landmarks = np.float32(rng.uniform(1, 14, (2, 68, 2)))
    landmarks[0, :34, 0] = 200.0  # half of the first face is off the image
    heatmaps = np.float32(rng.normal(0, 0.1, (2, 1, 8, 8, 68)))
    error = heatmap_error(jnp.asarray(heatmaps), jnp.asarray(landmarks), jnp.ones(2), image_px=16, sigma=1.0)
    target = np.asarray(render_heatmaps(jnp.asarray(landmarks), 16, 8, 1.0), np.float64)
    squared = ((heatmaps[:, 0] - target) ** 2).mean((1, 2))
    np.testing.assert_allclose(error, [squared[0, 34:].mean(), squared[1].mean()], rtol=1e-5)


def test_heatmap_error_of_perfect_modules_is_zero_and_counts_every_module():
    landmarks = jnp.asarray(np.float32(np.random.default_rng(3).uniform(2, 13, (1, 3, 68, 2))))  # a clip of 3 frames
    target = render_heatmaps(landmarks, 16, 8, 1.0)
    perfect = jnp.stack([target, target], axis=2)
    weight = jnp.ones((1, 3))
    assert not heatmap_error(perfect, landmarks, weight, image_px=16, sigma=1.0).any()
    half = jnp.stack([target, target + 0.2], axis=2)  # 0.04 in one of two modules
    np.testing.assert_allclose(heatmap_error(half, landmarks, weight, image_px=16, sigma=1.0), 0.02, rtol=1e-5)


def test_shake_is_convex_and_its_weights_have_the_moments_of_normalized_uniforms():
    terms = {"a": jnp.asarray([1.0, 0.0, 0.0]), "b": jnp.asarray([0.0, 1.0, 0.0]), "c": jnp.asarray([0.0, 0.0, 1.0])}
    one = lambda key: jnp.stack([shake({n: v[i] for n, v in terms.items()}, key) for i in range(3)])
    weights = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(0), 20_000)))
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.mean(0), 1 / 3, atol=0.005)
    np.testing.assert_allclose(weights.std(0), 0.180, atol=0.003)  # a Dirichlet(1, 1, 1) would give 0.236


def test_fixed_mixture_is_the_plain_mean():
    terms = {"a": jnp.float32(1), "b": jnp.float32(2), "c": jnp.float32(6)}
    np.testing.assert_allclose(plain_mean(terms), 3, rtol=1e-6)
