"""Winograd's method against the direct sum in float64, and its gradients against automatic ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.ops import parts
from affect_jax.ops.winograd import convolve, convolve_transformed, transform_kernel

SHAPES = [(2, 16, 16, 8, 6), (1, 7, 9, 3, 2), (3, 4, 1, 5, 4), (1, 64, 64, 64, 32), (2, 17, 22, 16, 8)]


def noise(*shape: int, seed: int = 0) -> jax.Array:
    return jnp.float32(np.random.default_rng(seed).normal(size=shape))


def by_hand(maps, kernel) -> np.ndarray:
    """The sum of nine shifted products, in float64."""
    maps, kernel = np.float64(maps), np.float64(kernel)
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
    _, height, width, _ = maps.shape
    return sum(padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3))


def direct(maps, kernel):
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(maps, kernel, (1, 1), ((1, 1), (1, 1)), dimension_numbers=layout)


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("batch", "height", "width", "inputs", "outputs"), SHAPES)
def test_equals_the_direct_sum_in_float64_and_the_library(batch, height, width, inputs, outputs):
    maps, kernel = noise(batch, height, width, inputs), noise(3, 3, inputs, outputs, seed=1)
    found = jax.jit(convolve)(maps, kernel)
    assert_close(found, by_hand(maps, kernel))
    assert_close(found, direct(maps, kernel))
    assert_close(jax.jit(convolve_transformed)(maps, transform_kernel(kernel)), found)


@pytest.mark.parametrize(("batch", "height", "width", "inputs", "outputs"), SHAPES[:3])
@pytest.mark.parametrize("cache_numbers", [1, 2**20])
def test_gradients_equal_automatic_ones(batch, height, width, inputs, outputs, cache_numbers, monkeypatch):
    monkeypatch.setattr(parts, "CACHE_VALUES", cache_numbers)  # image by image, and all images at once
    maps, kernel = noise(batch, height, width, inputs), noise(3, 3, inputs, outputs, seed=1)
    slopes = noise(batch, height, width, outputs, seed=2)
    gradients = lambda function: jax.jit(lambda: jax.vjp(function, maps, kernel)[1](slopes))()
    for found, expected in zip(gradients(convolve), gradients(direct), strict=True):
        assert_close(found, expected)


def test_a_kernel_that_only_copies_gives_back_the_map():
    maps = noise(1, 8, 8, 3)
    kernel = jnp.zeros((3, 3, 3, 3)).at[1, 1].set(jnp.eye(3))
    assert_close(convolve(maps, kernel), maps)


@pytest.mark.parametrize(("part", "entries"), [(0, 6), (1, 1), (4, 3), (6, 6), (9, 6)])
def test_parts_divide_the_batch_and_come_back_in_order(part, entries):
    batch = noise(6, 2)
    sizes = []

    def function(some):
        sizes.append(len(some))
        return {"twice": 2 * some}

    np.testing.assert_array_equal(parts.map_in_parts(function, batch, part)["twice"], 2 * batch)
    assert set(sizes) == {entries}


def test_as_many_images_at_once_as_fit_the_caches():
    assert parts.cache_capacity(64 * 64 * 256) == 1
    assert parts.cache_capacity(16 * 16 * 64) == 64
    assert parts.cache_capacity(2**30) == 1
