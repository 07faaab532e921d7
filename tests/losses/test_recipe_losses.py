"""Smoothing, class weights, distillation, RMSE and the learned mixture against PyTorch's formulas and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.losses.categorical import cross_entropy, expected_weight, inverse_frequency
from affect_jax.losses.continuous import rmse
from affect_jax.losses.distillation import soft_target_divergence
from affect_jax.losses.mixing import log_variance_of_equal_shares, plain_mean, uncertainty_weighted
from affect_jax.losses.reduce import weighted_mean

GARBAGE = [np.nan, np.inf, 1e30]


def logits_and_labels(rows=7, emotions=4):
    rng = np.random.default_rng(0)
    logits = np.float32(rng.normal(0, 2, (rows, emotions)))
    return logits, np.float32(rng.dirichlet(np.ones(emotions), rows)), np.float32(rng.integers(0, 2, rows))


def log_softmax(logits):
    logits = np.float64(logits)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_smoothing_mixes_the_label_with_the_uniform_distribution():
    logits, label, weight = logits_and_labels()
    smooth = 0.9 * label + 0.1 / 4
    expected = -(smooth * log_softmax(logits)).sum(-1) * (weight > 0)
    found = cross_entropy(jnp.asarray(logits), jnp.asarray(label), jnp.asarray(weight), 0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.torch
def test_hard_labels_with_class_weights_and_smoothing_equal_pytorch():
    torch = pytest.importorskip("torch")
    logits, _, _ = logits_and_labels()
    index, class_weights = np.array([0, 1, 2, 3, 1, 1, 0]), np.float32([0.2, 1.0, 3.0, 0.5])
    label, ones = jnp.eye(4)[index], jnp.ones(7)
    weight = expected_weight(label, jnp.asarray(class_weights), ones)
    found = weighted_mean(cross_entropy(jnp.asarray(logits), label, ones), weight)
    rule = torch.nn.functional.cross_entropy
    arguments = torch.tensor(logits), torch.tensor(index)
    np.testing.assert_allclose(found, rule(*arguments, weight=torch.tensor(class_weights)).numpy(), rtol=1e-5)
    smooth = cross_entropy(jnp.asarray(logits), label, ones, 0.2).mean()
    np.testing.assert_allclose(smooth, rule(*arguments, label_smoothing=0.2).numpy(), rtol=1e-5)


def test_the_weight_of_a_soft_label_is_its_expectation():
    label = jnp.asarray([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    weight = expected_weight(label, jnp.asarray([1.0, 3.0, 7.0]), jnp.asarray([1.0, 0.5, 0.0]))
    np.testing.assert_allclose(weight, [2.0, 3.5, 0.0])


def test_inverse_frequencies_are_proportional_to_a_power_and_one_on_average():
    counts = np.array([100.0, 25.0, 4.0])
    for power, ratios in ((1.0, [1, 4, 25]), (0.5, [1, 2, 5])):
        weights = inverse_frequency(counts, power)
        np.testing.assert_allclose(weights / weights[0], ratios)
        np.testing.assert_allclose((weights * counts).sum() / counts.sum(), 1)


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


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_rows_of_weight_zero_changes_nothing_bit_for_bit(garbage):
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
