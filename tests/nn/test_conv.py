"""Blocks that are recomputed for their gradient: the same gradient from less that is kept."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from affect_jax.nn.conv import Conv3x3, ConvBlock, rematerialize_blocks
from affect_jax.nn.network import Network, names
from affect_jax.types import Predictions


class DroppedConv(Conv3x3):
    """A convolution whose outputs are dropped at random in training."""

    def __init__(self, inputs, outputs, *, rngs):
        super().__init__(inputs, outputs, rngs=rngs)
        self.dropout = nnx.Dropout(0.3)

    def __call__(self, maps, *, rngs=None):
        return self.dropout(super().__call__(maps), rngs=rngs)


class OneBlock(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.block, self.head = ConvBlock(3, 8, convolution=DroppedConv, rngs=rngs), nnx.Linear(8, 2, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        return Predictions(valence_arousal=self.head(self.block(images, rngs=rngs).mean((1, 2))))


def loss_of(network, variables, images):
    """The loss as a function of the trained parameters, with the running statistics beside it."""

    def loss(trained):
        predictions, statistics = network.train(
            type(variables)(trained, variables.frozen, variables.statistics), images, jax.random.key(5)
        )
        return jnp.square(predictions["valence_arousal"] - 0.5).mean(), statistics

    return loss


def test_rematerialized_blocks_give_the_same_gradient_and_statistics_and_keep_less():
    plain = Network(OneBlock)
    variables, images = plain.initial(jax.random.key(0)), jax.random.uniform(jax.random.key(1), (4, 8, 8, 3))
    found = {}
    for name, network in (("plain", plain), ("rematerialized", plain.changed(rematerialize_blocks))):
        loss = loss_of(network, variables, images)
        (value, statistics), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(variables.trained)
        pull = jax.eval_shape(lambda trained, loss=loss: jax.vjp(loss, trained, has_aux=True)[1], variables.trained)
        kept = sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(pull))
        found[name] = value, names(grads), names(statistics), kept
    (value, grads, statistics, kept), (same, same_grads, same_statistics, less) = found.values()
    np.testing.assert_allclose(same, value, rtol=1e-6)
    for name, array in grads.items():
        np.testing.assert_allclose(same_grads[name], array, rtol=1e-5, atol=1e-6, err_msg=name)
    for name, array in statistics.items():
        np.testing.assert_allclose(same_statistics[name], array, rtol=1e-6, atol=1e-7, err_msg=name)
    assert less < 0.5 * kept


def test_in_evaluation_blocks_are_computed_as_without():
    network = Network(OneBlock)
    variables, images = network.initial(jax.random.key(0)), jnp.ones((1, 4, 4, 3))
    program = lambda network: str(jax.make_jaxpr(network.predict)(variables, images))
    assert program(network.changed(rematerialize_blocks)) == program(network)
    train = lambda variables: network.changed(rematerialize_blocks).train(variables, images, jax.random.key(0))[0]
    assert "remat" in str(jax.make_jaxpr(train)(variables))
