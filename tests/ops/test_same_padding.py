"""TensorFlow's SAME: against XLA's own rule, and a direct computation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.ops.same_padding import max_pool_same, same_padding


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize(("window", "stride"), [(7, 2), (3, 1), (3, 2), (2, 2), (1, 2)])
def test_padding_is_that_of_xla(size, window, stride):
    assert same_padding(size, window, stride) == jax.lax.padtype_to_pads((size,), (window,), (stride,), "SAME")[0]


@pytest.mark.parametrize(
    ("window", "strides"), [((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (1, 1, 1)), ((2, 2, 2), (2, 2, 2))]
)
def test_pooling_equals_the_maximum_of_each_window(window, strides):
    maps = jnp.asarray(np.random.default_rng(0).normal(size=(2, 5, 6, 7, 3)) - 5, jnp.float32)
    expected = jax.lax.reduce_window(maps, -jnp.inf, jax.lax.max, (1, *window, 1), (1, *strides, 1), "SAME")
    np.testing.assert_array_equal(max_pool_same(maps, window, strides), expected)


def test_the_gradient_goes_to_the_largest_value():
    maps = jnp.asarray(np.random.default_rng(1).normal(size=(1, 4, 4, 4, 1)), jnp.float32)
    gradient = jax.grad(lambda maps: max_pool_same(maps, (4, 4, 4), (4, 4, 4)).sum())(maps)
    np.testing.assert_array_equal(gradient, (maps == maps.max()).astype(np.float32))
