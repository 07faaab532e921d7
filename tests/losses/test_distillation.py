"""The divergence from a teacher against float64 NumPy and the closed form of its gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from losses_data import log_softmax, logits_and_labels

from affect_jax.losses.distillation import soft_target_divergence


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_divergence_from_the_teacher_equals_float64_and_its_gradient_the_closed_form(temperature):
    student, _, _ = logits_and_labels()
    teacher = np.float32(np.random.default_rng(1).normal(0, 2, student.shape))
    mine, theirs = (log_softmax(np.float64(values) / temperature) for values in (student, teacher))
    expected = temperature**2 * (np.exp(theirs) * (theirs - mine)).sum(-1)
    run = lambda a, b: soft_target_divergence(a, b, jnp.ones(7), temperature)
    np.testing.assert_allclose(run(jnp.asarray(student), jnp.asarray(teacher)), expected, rtol=1e-4)
    of_student, of_teacher = jax.grad(lambda a, b: run(a, b).sum(), (0, 1))(jnp.asarray(student), jnp.asarray(teacher))
    np.testing.assert_allclose(of_student, temperature * (np.exp(mine) - np.exp(theirs)), atol=1e-5)
    assert not of_teacher.any()
    np.testing.assert_allclose(run(jnp.asarray(teacher), jnp.asarray(teacher)), 0, atol=1e-6)
