import jax
import numpy as np

from affect_jax.personal.adapter import Adapter, no_adapter

RNG = np.random.default_rng(0)
FEATURES, OUTPUT = np.float32(RNG.normal(size=(3, 5, 4))), np.float32(RNG.normal(size=(3, 5, 2)))


def test_it_adds_a_scale_weights_and_a_bias():
    weights, bias, scale = np.float32(RNG.normal(size=(4, 2))), np.float32([0.1, -0.2]), np.float32([0.5, -0.9])
    found = Adapter(weights, bias, scale).apply(FEATURES, OUTPUT)
    wanted = np.float64(OUTPUT) * (1 + np.float64(scale)) + np.float64(FEATURES) @ weights + bias
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_an_adapter_of_zeros_keeps_every_bit_also_beside_others():
    """A sum with 0 would lose the sign of -0, and features that are not finite would spread."""
    output = OUTPUT[0].copy()
    output[0] = -0.0
    features = FEATURES[0].copy()
    features[1] = np.nan
    other = Adapter(np.ones((4, 2), np.float32), np.ones(2, np.float32), np.ones(2, np.float32))
    both = jax.tree.map(lambda one, two: np.stack([one, two]), no_adapter(4), other)
    found = jax.jit(jax.vmap(lambda adapter: adapter.apply(features, output)))(both)
    assert np.asarray(found[0]).tobytes() == output.tobytes()
    assert np.isnan(found[1, 1]).all() and not np.isnan(found[1, 2:]).any()


def test_outputs_averaged_before_or_after_are_the_same():
    """A correction linear in features and output commutes with the mean of a face and its mirror image."""
    adapter = Adapter(np.float32(RNG.normal(size=(4, 2))), np.float32([0.3, 0]), np.float32([0.2, 0.1]))
    before = adapter.apply(FEATURES.mean(0), OUTPUT.mean(0))
    np.testing.assert_allclose(adapter.apply(FEATURES, OUTPUT).mean(0), before, rtol=1e-4, atol=1e-5)
