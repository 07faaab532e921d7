"""The losses of a gate against float64 and worked numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.losses.experts import gate_entropy, load_balance


def gates(rows: int = 6, count: int = 3) -> np.ndarray:
    scores = np.random.default_rng(0).normal(size=(rows, count))
    return scores - np.log(np.exp(scores).sum(1, keepdims=True))


def test_load_balance_is_that_of_the_switch_transformer_for_one_expert_a_frame():
    gate = gates()
    weight = np.array([1, 1, 0, 1, 1, 1.0])
    shares = np.eye(3)[gate.argmax(1)]
    # Fedus et al., eq. 4 to 6: N sum_i f_i P_i, with f the fraction of frames sent to i and P its mean probability
    counted = weight > 0
    fraction = np.bincount(gate.argmax(1)[counted], minlength=3) / counted.sum()
    expected = 3 * (fraction * np.exp(gate)[counted].mean(0)).sum()
    found = load_balance(jnp.float32(gate), jnp.float32(shares), jnp.float32(weight))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_load_balance_is_1_for_even_use_and_the_number_of_experts_for_one_expert():
    even = jnp.full((4, 5), jnp.log(0.2))
    np.testing.assert_allclose(load_balance(even, jnp.exp(even), jnp.ones(4)), 1, rtol=1e-6)
    only = jnp.where(jnp.arange(5) == 2, 0.0, -50.0).reshape(1, -1).repeat(4, 0)
    np.testing.assert_allclose(load_balance(only, jnp.exp(only), jnp.ones(4)), 5, rtol=1e-6)


def test_its_gradient_takes_probability_from_the_experts_that_are_used_more():
    """d/d probability of expert i = N f_i / frames: no gradient through the shares."""
    gate, shares = jnp.float32(gates(2)), jnp.float32([[1, 0, 0], [0.5, 0.5, 0]])
    gradient = jax.grad(load_balance)(gate, shares, jnp.ones(2))
    expected = 3 * np.array([[0.75, 0.25, 0]]) / 2 * np.exp(np.float64(gate))
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)


def test_entropy_is_that_of_the_subjects_that_are_known():
    gate = gates()
    subject, weight = np.array([0, 2, -1, 1, 1, 0]), np.array([1, 1, 1, 0, 0.5, 1])
    known = [0, 1, 4, 5]
    expected = -(weight[known] * gate[known, subject[known]]).sum() / weight[known].sum()
    found = gate_entropy(jnp.float32(gate), jnp.asarray(subject), jnp.float32(weight))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("loss", [load_balance, gate_entropy])
def test_rows_without_weight_may_hold_anything(loss):
    gate, weight = jnp.float32(gates()), jnp.float32([1, 1, 0, 1, 1, 1])
    broken = gate.at[2].set(jnp.nan)
    other = {load_balance: jnp.exp, gate_entropy: lambda gate: jnp.arange(6) % 3}[loss]
    expected, slopes = jax.value_and_grad(loss)(gate, other(gate), weight)
    found, broken_slopes = jax.value_and_grad(loss)(broken, other(broken), weight)
    assert expected == found
    np.testing.assert_array_equal(slopes, broken_slopes)
    assert loss(gate, other(gate), jnp.zeros(6)) == 0
