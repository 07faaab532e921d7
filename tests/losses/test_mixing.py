"""Mixtures of loss terms: shake-shake, fixed and learned weights."""

import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.losses.mixing import log_variance_of_equal_shares, plain_mean, shake, uncertainty_weighted


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


def test_learned_weights_start_as_the_mean_and_settle_at_half_over_the_loss():
    terms = {"mse": jnp.float32(0.1), "pcc": jnp.float32(0.3), "ccc": jnp.float32(1.6)}
    start = dict.fromkeys(terms, jnp.float32(log_variance_of_equal_shares(3)))
    of_terms = jax.grad(uncertainty_weighted)(terms, start)
    np.testing.assert_allclose(list(of_terms.values()), jax.tree.leaves(jax.grad(plain_mean)(terms)), rtol=1e-6)
    settled = {name: jnp.log(term) for name, term in terms.items()}
    np.testing.assert_allclose(list(jax.grad(uncertainty_weighted, 1)(terms, settled).values()), 0, atol=1e-6)
    weights = jax.grad(uncertainty_weighted)(terms, settled)
    np.testing.assert_allclose([weights[name] for name in terms], [5, 5 / 3, 0.3125], rtol=1e-5)
    np.testing.assert_allclose(
        uncertainty_weighted(terms, settled), 0.5 * (3 + np.log([0.1, 0.3, 1.6]).sum()), rtol=1e-5
    )


def test_a_term_without_a_label_does_not_move_its_learned_variance():
    terms = {"mse": jnp.float32(0), "ccc": jnp.float32(0.5)}
    gradient = jax.grad(uncertainty_weighted, 1)(terms, dict.fromkeys(terms, jnp.float32(0.4)))
    assert gradient["mse"] == 0 and gradient["ccc"] != 0
