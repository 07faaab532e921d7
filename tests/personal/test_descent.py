import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.personal.descent import descend, descend_along, draw_rows

MATRIX = np.random.default_rng(0).normal(size=(4, 3))
TARGET = np.random.default_rng(1).normal(size=4)


def loss(parameters, step=0):
    return jnp.mean((jnp.float32(MATRIX) @ parameters - jnp.float32(TARGET)) ** 2)


def adam_in_float64(steps, rate):
    """Kingma and Ba, ICLR 2015, algorithm 1."""
    parameters, first, second = np.zeros(3), np.zeros(3), np.zeros(3)
    for step in range(1, steps + 1):
        gradient = 2 * MATRIX.T @ (MATRIX @ parameters - TARGET) / 4
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        parameters = parameters - rate * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return parameters


def test_descent_is_adam():
    found = jax.jit(lambda rate, steps: descend(loss, jnp.zeros(3), rate, steps))(jnp.float32(0.05), jnp.int32(40))
    np.testing.assert_allclose(found, adam_in_float64(40, 0.05), rtol=1e-4)


def test_each_stop_is_a_descent_of_its_own():
    stops = (0, 1, 7, 40)
    found = descend_along(lambda parameters, _: loss(parameters), jnp.zeros(3), jnp.float32(0.05), stops)
    for reached, steps in zip(found, stops, strict=True):
        np.testing.assert_allclose(reached, adam_in_float64(steps, 0.05), rtol=1e-4)


def test_the_loss_takes_the_number_of_the_step():
    """With the gradient 0 but at step 2, nothing moves before it: stops are counted through."""
    only_step_2 = lambda parameters, step: jnp.where(step == 2, loss(parameters), 0.0)
    found = descend_along(only_step_2, jnp.zeros(3), jnp.float32(0.05), (1, 2, 3))
    assert not np.any(found[:2]) and np.all(found[2] != 0)


def test_rows_are_drawn_from_all_rows_and_differently_at_each_step():
    key = jax.random.key(0)
    first, again, second = (np.asarray(draw_rows(key, step, 10, 200)) for step in (0, 0, 1))
    assert set(first.tolist()) == set(range(10))
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()
