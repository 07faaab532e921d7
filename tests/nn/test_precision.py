"""Lower precision inside a network: what is cast, what is not, and how far gradients move."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.nn.conv import BatchNorm, ConvBlock, batch_norm
from affect_jax.nn.network import Network, names
from affect_jax.nn.precision import check_precision, for_computation
from affect_jax.types import Predictions


class OneBlock(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.block = ConvBlock(3, 8, rngs=rngs)
        self.norm = batch_norm(8, rngs=rngs)
        self.head = nnx.Linear(8, 2, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        maps = self.block(images, rngs=rngs)
        assert maps.dtype == images.dtype == self.norm(maps).dtype == self.head.kernel[...].dtype
        return Predictions(valence_arousal=self.head(nnx.relu(self.norm(maps)).mean((1, 2))))


def trained(network, images):
    """Gradients, predictions and running statistics of a squared error."""

    def loss(parameters, variables):
        variables = type(variables)(parameters, variables.frozen, variables.statistics)
        predictions, statistics = network.train(variables, images, jax.random.key(1))
        return jnp.square(predictions["valence_arousal"] - 0.5).mean(), (predictions, statistics)

    variables = network.initial(jax.random.key(0))
    grads, (predictions, statistics) = jax.jit(jax.grad(loss, has_aux=True))(variables.trained, variables)
    return names(grads), predictions["valence_arousal"], names(statistics)


def test_in_bfloat16_gradients_statistics_and_outputs_are_float32_and_close_to_those_of_float32():
    images = jax.random.uniform(jax.random.key(2), (8, 8, 8, 3))
    exact, low = (trained(Network(OneBlock, precision=name), images) for name in ("float32", "bfloat16"))
    assert {leaf.dtype for leaf in jax.tree.leaves(low)} == {np.dtype(np.float32)}
    np.testing.assert_allclose(low[1], exact[1], atol=0.02)
    for name, array in exact[2].items():
        np.testing.assert_allclose(low[2][name], array, rtol=5e-3, atol=5e-4, err_msg=name)
    vectors = [np.concatenate([np.ravel(grads[name]) for name in sorted(grads)]) for grads in (low[0], exact[0])]
    distance = np.linalg.norm(vectors[0] - vectors[1]) / np.linalg.norm(vectors[1])
    assert 1e-5 < distance < 0.05  # it is computed in bfloat16, and right


def test_parameters_of_norms_are_not_cast_and_in_float32_nothing_is():
    variables = Network(OneBlock).initial(jax.random.key(0))
    cast = names(for_computation(variables.trained, variables.statistics, "bfloat16"))
    for name, array in cast.items():
        is_norm = "norm" in name
        assert array.dtype == (jnp.float32 if is_norm else jnp.bfloat16), name
    assert for_computation(variables.trained, variables.statistics, "float32") is variables.trained


def test_a_norm_of_bfloat16_maps_has_the_statistics_of_the_same_numbers_in_float32():
    maps = (100 + jax.random.normal(jax.random.key(0), (64, 8, 8, 4))).astype(jnp.bfloat16)
    low, wide = (batch_norm(4, rngs=nnx.Rngs(0)) for _ in range(2))
    assert isinstance(low, BatchNorm)
    result, exact = low(maps), wide(maps.astype(jnp.float32))
    assert result.dtype == jnp.bfloat16
    np.testing.assert_array_equal(low.mean[...], wide.mean[...])
    np.testing.assert_array_equal(low.var[...], wide.var[...])
    np.testing.assert_array_equal(result, exact.astype(jnp.bfloat16))
    assert low.mean[...].dtype == jnp.float32


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match=r"precision is 'float16'; choose one of float32, bfloat16"):
        check_precision("float16")
    with pytest.raises(ValueError, match=r"precision is 'half'"):
        Network(OneBlock, precision="half")
