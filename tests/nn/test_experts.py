"""The mixture of experts against float64 NumPy, its experts one by one, and a plain head."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.nn.experts import MixtureConfig, MixtureOfExperts, StackedHeads, keep_largest, mix
from affect_jax.nn.heads import AffectHead
from affect_jax.nn.keys import ParameterKeys

FEATURES, CONTEXT, HIDDEN, COUNT = 6, 2, 5, 4


def mixture_of(**sizes) -> MixtureOfExperts:
    """A mixture whose biases are not zero and whose gate has opinions."""
    config = MixtureConfig(**{"count": COUNT, "hidden": HIDDEN, **sizes})
    layer = MixtureOfExperts(FEATURES, 2, config, CONTEXT, rngs=ParameterKeys(jax.random.key(0)))
    rng = np.random.default_rng(1)
    draw = lambda leaf: jnp.asarray(rng.normal(0, 0.7, leaf.shape), jnp.float32)
    nnx.update(layer, jax.tree.map(draw, nnx.state(layer, nnx.Param)))
    return layer


def arrays64(layer: nnx.Module) -> dict[str, np.ndarray]:
    """The arrays of a layer in float64, by dotted path."""
    flat = nnx.to_flat_state(nnx.state(layer, nnx.Param))
    return {".".join(map(str, path)): np.asarray(leaf[...], np.float64) for path, leaf in flat}


def draw_inputs(rows: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(rows, FEATURES)).astype(np.float32), rng.normal(size=(rows, CONTEXT)).astype(np.float32)


def expected_mixture(arrays: dict[str, np.ndarray], features, context, top_k: int) -> dict[str, np.ndarray]:
    """The mixture by loops over faces and experts, in float64."""
    experts = np.zeros((len(features), COUNT, 2))
    for face, row in enumerate(np.float64(features)):
        for k in range(COUNT):
            hidden = np.maximum(row @ arrays["heads.hidden_kernel"][k] + arrays["heads.hidden_bias"][k], 0)
            experts[face, k] = hidden @ arrays["heads.output_kernel"][k] + arrays["heads.output_bias"][k]
    seen = np.concatenate([features, context], axis=1).astype(np.float64)
    if "gate.hidden.kernel" in arrays:
        seen = np.maximum(seen @ arrays["gate.hidden.kernel"] + arrays["gate.hidden.bias"], 0)
    scores = np.exp(seen @ arrays["gate.output.kernel"] + arrays["gate.output.bias"])
    probabilities = scores / scores.sum(1, keepdims=True)
    shares = probabilities.copy()
    for face in range(len(features)):
        if top_k:
            shares[face, np.argsort(-shares[face])[top_k:]] = 0
        shares[face] /= shares[face].sum()
    values = np.einsum("nk,nkd->nd", shares, experts)
    return {"values": values, "experts": experts, "gate": np.log(probabilities), "shares": shares}


@pytest.mark.parametrize("top_k", [0, 1, 2, COUNT])
@pytest.mark.parametrize("gate_hidden", [0, 3])
def test_values_and_parts_are_those_of_float64(top_k, gate_hidden):
    layer = mixture_of(top_k=top_k, gate_hidden=gate_hidden)
    features, context = draw_inputs()
    expected = expected_mixture(arrays64(layer), features, context, top_k)
    found = layer(jnp.asarray(features), jnp.asarray(context))
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=2e-5, atol=2e-6, err_msg=name)
    assert ((np.asarray(found.shares) > 0).sum(1) == (top_k or COUNT)).all()


def test_experts_by_vmap_are_the_experts_one_by_one():
    heads = mixture_of().heads
    features = jnp.asarray(draw_inputs()[0])
    together = heads(features)
    for k in range(COUNT):
        alone = StackedHeads(1, FEATURES, HIDDEN, 2, rngs=ParameterKeys(jax.random.key(9)))
        nnx.update(alone, jax.tree.map(lambda leaf, k=k: leaf[k : k + 1], nnx.state(heads, nnx.Param)))
        np.testing.assert_allclose(together[:, k], alone(features)[:, 0], rtol=1e-6, atol=1e-6)


def test_in_bfloat16_only_the_products_are_rounded():
    layer = mixture_of(top_k=2, gate_hidden=3)
    features, context = map(jnp.asarray, draw_inputs())
    exact = layer(features, context)
    nnx.update(layer, jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), nnx.state(layer, nnx.Param)))
    rounded = layer(features.astype(jnp.bfloat16), context.astype(jnp.bfloat16))
    assert rounded.gate.dtype == rounded.shares.dtype == jnp.float32 and rounded.values.dtype == jnp.bfloat16
    np.testing.assert_allclose(rounded.shares.sum(-1), 1, rtol=1e-6)
    scale = float(jnp.abs(exact.experts).max())
    np.testing.assert_allclose(rounded.experts.astype(jnp.float32), exact.experts, atol=0.05 * scale)


def test_batch_axes_of_clips_change_nothing():
    layer = mixture_of(top_k=2)
    features, context = map(jnp.asarray, draw_inputs(6))
    flat, clips = layer(features, context), layer(features.reshape(2, 3, -1), context.reshape(2, 3, -1))
    for name, value in flat._asdict().items():
        np.testing.assert_allclose(getattr(clips, name).reshape(value.shape), value, rtol=1e-6, atol=1e-7)


def test_one_expert_is_the_plain_head():
    """An affect head in evaluation, whose norm has statistics of its own, and one expert with its weights."""
    head = AffectHead(3, FEATURES, blocks=1, emotions=3, rngs=nnx.Rngs(0))  # half as many hidden units as features
    rng = np.random.default_rng(3)
    draw = lambda leaf: jnp.asarray(rng.uniform(0.5, 1.5, leaf.shape), jnp.float32)
    nnx.update(head, jax.tree.map(draw, nnx.state(head, nnx.Param)))
    nnx.update(head, jax.tree.map(draw, nnx.state(head, nnx.BatchStat)))
    head.eval()
    features = jnp.asarray(draw_inputs()[0])
    _, expected = head.from_features(features)
    layer = MixtureOfExperts(FEATURES, 2, MixtureConfig(1, FEATURES // 2), rngs=nnx.Rngs(0))
    layer.heads.copy_head(head.affect_layers())
    np.testing.assert_allclose(layer(features).values, expected, rtol=1e-5, atol=1e-6)


def test_experts_that_agree_give_their_value_to_the_bit_whatever_the_gate_says():
    rng = np.random.default_rng(4)
    value = jnp.asarray(rng.normal(size=(50, 1, 2)), jnp.float32)
    shares = jnp.asarray(rng.dirichlet(np.ones(9), 50), jnp.float32)
    assert float(jnp.abs(shares.sum(-1) - 1).max()) > 0  # rounding that a plain weighted sum would pass on
    np.testing.assert_array_equal(mix(jnp.repeat(value, 9, axis=1), shares), value[:, 0])


def test_equal_probabilities_still_choose_exactly_k_and_gradients_are_finite():
    gate = jnp.full((3, COUNT), jnp.log(1 / COUNT))
    np.testing.assert_allclose(keep_largest(gate, 2).sum(-1), 1, rtol=1e-6)
    assert ((np.asarray(keep_largest(gate, 2)) > 0).sum(1) == 2).all()
    weights = jnp.arange(COUNT, dtype=jnp.float32).reshape(1, -1)
    gradient = jax.grad(lambda gate: (keep_largest(gate, 2) * weights).sum())(gate)
    # Shares of the first two are 1/2 each, with weights 0 and 1: d/d gate = s (w - mean w) = -1/4, 1/4, and 0 elsewhere
    np.testing.assert_allclose(gradient, np.tile([-0.25, 0.25, 0, 0], (3, 1)), atol=1e-6)


def test_experts_start_apart_and_the_gate_starts_almost_even():
    layer = MixtureOfExperts(64, 2, MixtureConfig(9, 32), rngs=ParameterKeys(jax.random.key(0)))
    features = jnp.asarray(np.random.default_rng(5).normal(size=(200, 64)), jnp.float32)
    found = layer(features)
    assert float(jnp.abs(found.shares - 1 / 9).max()) < 0.06
    kernels = np.asarray(layer.heads.hidden_kernel[...])
    # LeCun's rule: variance 1 / inputs, whatever the number of experts
    np.testing.assert_allclose(kernels.std((1, 2)), 1 / 8, rtol=0.05)
    assert np.abs(np.corrcoef(kernels.reshape(9, -1)) - np.eye(9)).max() < 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": -1}, "count is -1; expected 0 or more"),
        ({"count": 3, "hidden": 0}, "hidden is 0; expected 1 or more"),
        ({"count": 3, "top_k": 4}, r"top_k is 4 of 3 experts; expected 0 \(all of them\) or a number up to"),
        ({"count": 3, "gate_hidden": -2}, "gate_hidden is -2; expected 0 or more"),
    ],
)
def test_impossible_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MixtureConfig(**options)


def test_a_head_of_another_size_is_refused():
    heads = mixture_of().heads
    arrays = {
        "hidden_kernel": np.zeros((FEATURES, 7), np.float32),
        "hidden_bias": np.zeros(7, np.float32),
        "output_kernel": np.zeros((7, 2), np.float32),
        "output_bias": np.zeros(2, np.float32),
    }
    with pytest.raises(ValueError, match=r"hidden_kernel is \(6, 7\) in the head, but \(6, 5\) in each expert"):
        heads.copy_head(arrays)
