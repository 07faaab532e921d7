import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.personal.folds import source_frames
from affect_jax.personal.mixture import Mixture, expert_outputs, learn_experts, learn_jointly, uniform_mixture
from affect_jax.personal.sources import BaseHead

FEATURES = np.random.default_rng(1).normal(size=(7, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def mixture() -> Mixture:
    """Three experts and a gate with random weights."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    heads = BaseHead(draw(3, 5, 6), draw(3, 6), draw(3, 6, 2), draw(3, 2))
    return Mixture(heads, draw(5, 3), draw(3))


def outputs_by_hand(mixture, features):
    heads = {name: np.float64(array) for name, array in vars(mixture.heads).items()}
    found = []
    for expert in range(len(heads["hidden_bias"])):
        hidden = np.maximum(features @ heads["hidden_kernel"][expert] + heads["hidden_bias"][expert], 0)
        found.append(hidden @ heads["output_kernel"][expert] + heads["output_bias"][expert])
    return np.stack(found, axis=1)


def test_a_mixture_is_the_gated_mean_of_its_experts(mixture):
    outputs = outputs_by_hand(mixture, FEATURES)
    np.testing.assert_allclose(expert_outputs(mixture.heads, FEATURES), outputs, rtol=1e-4, atol=1e-5)
    logits = FEATURES @ np.float64(mixture.gate_kernel) + mixture.gate_bias
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = np.einsum("fk,fkd->fd", shares, outputs)
    np.testing.assert_allclose(mixture(FEATURES), expected, rtol=1e-4, atol=1e-4)


def test_uniform_experts_count_equally_and_those_not_allowed_not_at_all(mixture):
    outputs = outputs_by_hand(mixture, FEATURES)
    allowed = uniform_mixture(mixture.heads, np.float32([1, 0, 1]))
    np.testing.assert_allclose(allowed(FEATURES), outputs[:, [0, 2]].mean(1), rtol=1e-4, atol=1e-5)
    gradient = jax.grad(lambda mixture: jnp.sum(mixture(FEATURES) ** 2))(jax.tree.map(jnp.asarray, allowed))
    for leaf in jax.tree.leaves(gradient.heads):
        assert not np.any(leaf[1]) and np.any(leaf[0])
    assert not np.any(gradient.gate_kernel[:, 1])


def test_each_expert_learns_from_its_own_person_alone(head, sources):
    frames = source_frames(sources)
    together = learn_experts(head, frames, stops=(2, 5))
    spoiled = dataclasses.replace(frames, label=frames.label.at[1].set(9.0))
    others = learn_experts(head, spoiled, stops=(2, 5))
    for leaf, other in zip(jax.tree.leaves(together), jax.tree.leaves(others), strict=True):
        np.testing.assert_array_equal(leaf[:, [0, 2, 3, 4]], other[:, [0, 2, 3, 4]])
    assert np.any(together.output_bias[:, 1] != others.output_bias[:, 1])
    own = jax.tree.map(lambda leaf: leaf[2:3], frames)
    alone = learn_experts(head, own, stops=(5,))
    np.testing.assert_allclose(together.hidden_kernel[1, 2], alone.hidden_kernel[0, 0], rtol=1e-4, atol=1e-5)


def test_learning_together_leaves_out_frames_of_weight_0_and_experts_not_allowed(head, sources):
    frames = source_frames(sources)
    apart = jnp.linspace(0.5, 1.5, 5)  # experts that agree leave nothing for the gate to learn
    heads = jax.tree.map(lambda leaf: jax.vmap(lambda factor: factor * leaf)(apart), head)
    allowed = np.float32([1, 1, 0, 1, 1])
    start = uniform_mixture(heads, allowed)
    used = dataclasses.replace(frames, weight=frames.weight * allowed[:, None])
    spoiled = dataclasses.replace(used, label=used.label.at[2].set(9.0), features=used.features.at[2].set(-3.0))
    learn = jax.jit(lambda frames: learn_jointly(start, frames, jax.random.key(0), stops=(5,)))
    found = learn(used)
    for leaf, other in zip(jax.tree.leaves(found), jax.tree.leaves(learn(spoiled)), strict=True):
        np.testing.assert_array_equal(leaf, other)
    for leaf, other in zip(jax.tree.leaves(found.heads), jax.tree.leaves(heads), strict=True):
        np.testing.assert_array_equal(leaf[0, 2], other[2])
    assert np.any(found.gate_kernel != 0) and np.any(found.heads.output_bias[0, 0] != 0)
