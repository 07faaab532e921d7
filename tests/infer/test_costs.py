"""Costs against hand-worked counts."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from affect_jax.infer.costs import costs, flops
from affect_jax.nn.network import Network
from affect_jax.types import Predictions


def shape(*sizes):
    return jax.ShapeDtypeStruct(sizes, jnp.float32)


class Layers(nnx.Module):
    """A convolution without padding, the mean of what is left, a linear layer; on frames of clips."""

    def __init__(self, *, rngs: nnx.Rngs):
        self.conv = nnx.Conv(3, 4, (3, 3), padding="VALID", rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)  # its running statistics are no parameters
        self.output = nnx.Linear(4, 2, rngs=rngs)

    def __call__(self, clips):
        maps = self.conv(clips.reshape(-1, *clips.shape[-3:]))
        return Predictions(valence_arousal=self.output(maps.sum((1, 2))).reshape(*clips.shape[:-3], 2))


def test_parameters_and_operations_of_a_frame_are_those_counted_by_hand():
    network = Network(lambda rngs: Layers(rngs=rngs), frozen="conv/.*")
    # 3x3x3x4 + 4, 2 x 4 of the norm, 4x2 + 2
    parameters = 112 + 8 + 10
    # per frame: 4x6 places x 4 outputs x (27 products and sums), 1 offset each; sums of 24 places; 4x2 products, offset
    operations = 24 * 4 * (2 * 27 + 1) + 4 * 23 + 2 * 2 * 4 + 2
    for clips in ((1, 6, 8, 3), (2, 5, 6, 8, 3)):
        found = costs(network, clips[:-3], clips[-3:])
        assert found["parameters"] == parameters
        assert found["flops/frame"] == pytest.approx(operations, abs=4)  # XLA starts each sum from 0


def test_products_with_padding_are_left_out():
    conv = lambda maps, kernel: jax.lax.conv_general_dilated(
        maps, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    # 8 x 8 places; along each axis 3 taps meet 8 + 7 + 7 of them
    assert flops(conv, shape(1, 8, 8, 3), shape(3, 3, 3, 5)) == 2 * 22 * 22 * 3 * 5


def test_the_body_of_a_loop_counts_as_often_as_it_runs_loops_within_loops_too():
    product = lambda state, kernel: jnp.dot(state, kernel)
    once = 2 * 4 * 6 * 6

    def inner(state, kernel):
        return jax.lax.scan(lambda s, _: (product(s, kernel), None), state, None, length=3)[0]

    @jax.jit
    def outer(state, kernel):
        return jax.lax.scan(lambda s, _: (inner(product(s, kernel), kernel), None), state, None, length=5)[0]

    assert flops(product, shape(4, 6), shape(6, 6)) == once
    assert flops(inner, shape(4, 6), shape(6, 6)) == pytest.approx(3 * once, abs=6)  # and the loop's own counter
    assert flops(outer, shape(4, 6), shape(6, 6)) == pytest.approx(5 * 4 * once, abs=50)
