import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.losses.ordinal import ordinal_cross_entropy


def test_each_threshold_is_a_yes_or_no_question():
    logits = np.random.default_rng(0).normal(0, 3, (5, 4)).astype(np.float32)
    label = np.arange(5)
    found = ordinal_cross_entropy(jnp.asarray(logits), jnp.asarray(label), jnp.ones(5))
    exceeds = 1 / (1 + np.exp(-np.float64(logits)))
    for row in range(5):
        answers = [exceeds[row, k] if label[row] > k else 1 - exceeds[row, k] for k in range(4)]
        np.testing.assert_allclose(found[row], -np.log(answers).mean(), rtol=1e-5)


def test_it_stays_finite_where_an_answer_is_certain():
    logits = jnp.float32([[1e4, -1e4]])
    loss = lambda logits, label: ordinal_cross_entropy(logits, jnp.asarray([label]), jnp.ones(1)).sum()
    assert loss(logits, 1) == 0
    value, slope = jax.value_and_grad(loss)(logits, 2)
    np.testing.assert_allclose(value, 5e3)
    np.testing.assert_allclose(slope, [[0, -0.5]])
