"""Cross entropy, label smoothing and class weights against closed forms and PyTorch's."""

import jax.numpy as jnp
import numpy as np
import pytest
from losses_data import log_softmax, logits_and_labels

from affect_jax.losses.categorical import cross_entropy, expected_weight, inverse_frequency
from affect_jax.losses.reduce import weighted_mean


def test_cross_entropy_equals_its_closed_form():
    logits = np.array([[1.0, 2.0, 0.5], [1000.0, 0.0, -1000.0]], np.float32)
    entropy = cross_entropy(jnp.asarray(logits), jnp.eye(3)[jnp.array([2, 1])], jnp.ones(2))
    # log(e^1 + e^2 + e^0.5) - 0.5 and 1000 - 0: no overflow
    np.testing.assert_allclose(entropy, [np.log(np.exp([1, 2, 0.5]).sum()) - 0.5, 1000], rtol=1e-6)


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
