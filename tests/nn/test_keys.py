"""The keys of parameters against Flax's own."""

import jax
import numpy as np
import pytest
from flax import nnx

from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.keys import ParameterKeys


def draw(rngs):
    """Layers of Flax, of which the second draws nothing: the keys are counted across them."""
    return nnx.List([nnx.Conv(3, 4, (3, 3), rngs=rngs), nnx.BatchNorm(4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)])


@pytest.mark.parametrize(
    "build", [draw, lambda rngs: FactorizedConv(4, 5, taps={"height": 3, "width": 3}, rank=2, rngs=rngs)]
)
def test_each_parameter_is_flaxs_bit_for_bit_in_a_trace_and_outside(build):
    key = jax.random.key(3)
    expected = jax.tree.leaves(nnx.state(build(nnx.Rngs(params=key))))
    eager = jax.tree.leaves(nnx.state(build(ParameterKeys(key))))
    traced = jax.tree.leaves(jax.jit(lambda key: nnx.state(build(ParameterKeys(key))))(key))
    shapes = jax.tree.leaves(nnx.state(nnx.eval_shape(lambda: build(ParameterKeys(key)))))
    assert len(expected) > 2
    for flaxs, one, two, shape in zip(expected, eager, traced, shapes, strict=True):
        np.testing.assert_array_equal(one, flaxs)
        np.testing.assert_allclose(two, flaxs, rtol=1e-6)  # a compiled draw may round otherwise
        assert (shape.shape, shape.dtype) == (flaxs.shape, flaxs.dtype)
