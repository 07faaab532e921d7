"""CCC, PCC, squared error and RMSE against float64 NumPy and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from losses_data import affect_pairs

from affect_jax.losses.continuous import ccc, moments, pcc, rmse, squared_error
from affect_jax.losses.reduce import weighted_mean


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


def test_rmse_is_that_of_each_dimension_and_has_a_finite_gradient_at_zero():
    rng = np.random.default_rng(2)
    predicted, label = (np.float32(rng.normal(size=(3, 5, 2))) for _ in range(2))
    weight = np.float32(rng.integers(0, 2, (3, 5)))
    kept = weight > 0
    expected = np.sqrt(((np.float64(predicted) - label)[kept] ** 2).mean(0))
    arguments = jnp.asarray(predicted), jnp.asarray(label), jnp.asarray(weight)
    np.testing.assert_allclose(rmse(*arguments), expected, rtol=1e-5)
    gradient = jax.grad(lambda p: rmse(p, *arguments[1:]).sum())(arguments[0])
    difference = (np.float64(predicted) - label) / expected / kept.sum()
    np.testing.assert_allclose(gradient, np.where(kept[..., None], difference, 0), rtol=1e-4, atol=1e-7)
    value, still = jax.value_and_grad(lambda p: rmse(p, arguments[1], arguments[2]).sum())(arguments[1])
    assert value == 0 and not still.any()
    near = jax.grad(lambda p: rmse(p, arguments[1], arguments[2]).sum())(arguments[1] + 1e-18)
    assert np.isfinite(near).all()
