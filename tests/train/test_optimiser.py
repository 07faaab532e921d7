"""Schedules at hand-worked points, and decay of kernels alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affect_jax.train.optimiser import OptimiserConfig, make_optimiser, schedule


def test_schedules_at_hand_worked_points():
    cosine = schedule(OptimiserConfig(rate=0.1, warmup_steps=10), 110)
    np.testing.assert_allclose(
        [cosine(0), cosine(5), cosine(10), cosine(60), cosine(110)], [0, 0.05, 0.1, 0.05, 0], atol=1e-8
    )
    steps = schedule(OptimiserConfig(rate=0.1, schedule="steps"), 100)
    np.testing.assert_allclose([steps(29), steps(31), steps(61), steps(91)], [0.1, 0.01, 0.001, 0.0001], rtol=1e-5)


def test_decay_touches_kernels_and_no_vector():
    params = {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}
    optimiser = make_optimiser(OptimiserConfig(rate=0.1, weight_decay=0.5, schedule="constant"), 10)
    zeros = {"kernel": jnp.zeros((2, 2)), "bias": jnp.zeros(2)}
    with jax.numpy_dtype_promotion("standard"):
        updates, _ = optimiser.update(zeros, optimiser.init(params), params)
    after = optax.apply_updates(params, updates)
    np.testing.assert_allclose(after["kernel"], 1 - 0.1 * 0.5)
    np.testing.assert_array_equal(after["bias"], 1)


def test_sgd_with_clipping_takes_a_step_of_the_clipped_length():
    params, grads = {"w": jnp.zeros((1, 2))}, {"w": jnp.array([[3.0, 4.0]])}
    optimiser = make_optimiser(OptimiserConfig(name="sgd", rate=1.0, schedule="constant", clip_norm=1.0), 10)
    updates, _ = optimiser.update(grads, optimiser.init(params), params)
    np.testing.assert_allclose(updates["w"], [[-0.6, -0.8]], rtol=1e-5)


@pytest.mark.parametrize("field, value", [("name", "adam"), ("schedule", "linear"), ("rate", 0.0)])
def test_a_wrong_option_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"optimiser.{field} is"):
        OptimiserConfig(**{field: value})
