"""Correlations over earlier batches: values and gradients of the whole set; unlabeled rows have no effect."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.losses.ccc_memory import empty_memory, pool, remember, union
from affect_jax.losses.continuous import SetMoments, ccc, moments, pcc


def parts_of_a_set(parts=4, rows=6):
    rng = np.random.default_rng(0)
    label = rng.uniform(-1, 1, (parts, rows, 2))
    predicted = 0.5 * label + rng.normal(0.1, 0.3, label.shape)
    weight = rng.choice([0.0, 0.5, 1.0], (parts, rows), p=[0.2, 0.3, 0.5])
    return [jnp.asarray(np.float32(values)) for values in (predicted, label, weight)]


def float64_ccc(predicted, label, weight):
    predicted, label, weight = (np.float64(values) for values in (predicted, label, weight))
    share = (weight / weight.sum()).reshape(-1, 1)
    predicted, label = (values.reshape(-1, 2) for values in (predicted, label))
    means = [(share * values).sum(0) for values in (predicted, label)]
    variances = [(share * (v - m) ** 2).sum(0) for v, m in zip((predicted, label), means, strict=True)]
    covariance = (share * (predicted - means[0]) * (label - means[1])).sum(0)
    return 2 * covariance / (variances[0] + variances[1] + (means[0] - means[1]) ** 2)


@pytest.mark.parametrize("score", [ccc, pcc])
def test_a_full_memory_gives_the_value_of_the_whole_set_and_in_the_mean_its_gradient(score):
    predicted, label, weight = parts_of_a_set()

    def whole(values):
        return score(moments(values, label, weight)).mean()

    def part(values, number):
        memory = empty_memory(3)
        for other in range(4):
            if other != number:
                memory = remember(memory, moments(predicted[other], label[other], weight[other]))
        return score(union(memory, moments(values, label[number], weight[number]))).mean()

    expected, gradient = jax.value_and_grad(whole)(predicted)
    for number in range(4):
        value, of_part = jax.value_and_grad(part)(predicted[number], number)
        np.testing.assert_allclose(value, expected, rtol=1e-5)
        gain = weight.sum() / weight[number].sum()
        np.testing.assert_allclose(of_part, gain * gradient[number], rtol=1e-4, atol=1e-6)
    if score is ccc:
        np.testing.assert_allclose(expected, float64_ccc(predicted, label, weight).mean(), rtol=1e-5)


def test_pooled_moments_are_those_of_all_rows():
    predicted, label, weight = parts_of_a_set()
    stacked = jax.vmap(moments)(predicted, label, weight)
    for one, all_rows in zip(
        jax.tree.leaves(pool(stacked)), jax.tree.leaves(moments(predicted, label, weight)), strict=True
    ):
        np.testing.assert_allclose(one, all_rows, rtol=1e-5, atol=1e-7)


def test_an_empty_memory_changes_neither_value_nor_gradient():
    predicted, label, weight = (values[0] for values in parts_of_a_set())
    plain = lambda values: ccc(moments(values, label, weight)).sum()
    beside = lambda values: ccc(union(empty_memory(5), moments(values, label, weight))).sum()
    (one, gradient), (other, same) = jax.value_and_grad(plain)(predicted), jax.value_and_grad(beside)(predicted)
    np.testing.assert_allclose(one, other, rtol=1e-6)
    np.testing.assert_allclose(gradient, same, rtol=1e-5, atol=1e-7)


def test_the_oldest_batch_is_dropped_and_one_without_labels_is_not_kept():
    predicted, label, weight = parts_of_a_set()
    kept = [moments(*(values[number] for values in (predicted, label, weight))) for number in range(4)]
    memory = empty_memory(2)
    for part in kept:
        memory = remember(memory, part)
    for leaf, newest, older in zip(*(jax.tree.leaves(tree) for tree in (memory, kept[3], kept[2])), strict=True):
        np.testing.assert_array_equal(leaf, jnp.stack([newest, older]))
    unlabeled = moments(jnp.full((6, 2), jnp.nan), label[0], jnp.zeros(6))
    after = remember(memory, unlabeled)
    for one, other in zip(jax.tree.leaves(memory), jax.tree.leaves(after), strict=True):
        np.testing.assert_array_equal(one, other)
    value, gradient = jax.value_and_grad(lambda v: ccc(union(memory, moments(v, label[0], jnp.zeros(6)))).sum())(
        predicted[0]
    )
    assert isinstance(memory, SetMoments) and np.isfinite(value) and not gradient.any()
