import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.space_time import ChannelTime, TwoPlusOne, along_time


def correlated(maps: np.ndarray, kernel: np.ndarray, before: int) -> np.ndarray:
    """The sum over taps [time, height, width, input, output] in float64, zeros outside; `before` frames are earlier."""
    taps, (time, height, width) = kernel.shape, maps.shape[:3]
    padded = np.pad(
        np.float64(maps), [(before, taps[0] - 1 - before), (taps[1] // 2,) * 2, (taps[2] // 2,) * 2, (0, 0)]
    )
    result = np.zeros((time, height, width, taps[-1]))
    for t, y, x in np.ndindex(*taps[:3]):
        result += padded[t : t + time, y : y + height, x : x + width] @ np.float64(kernel[t, y, x])
    return result


@pytest.mark.parametrize(("frames", "causal", "before"), [(3, False, 1), (5, False, 2), (2, True, 1), (3, True, 2)])
def test_a_factor_of_time_for_each_channel_is_a_kernel_of_space_and_time(frames, causal, before):
    rng = np.random.default_rng(0)
    layer = ChannelTime(Conv3x3(2, 3, rngs=nnx.Rngs(0)), frames, causal)
    maps = np.float32(rng.normal(size=(6, 4, 5, 2)))
    np.testing.assert_allclose(layer(jnp.asarray(maps)), layer.space(jnp.asarray(maps)), atol=1e-6)  # at first
    layer.time[...] = jnp.float32(rng.normal(size=(frames, 2)))
    kernel = np.float64(layer.time[...])[:, None, None, :, None] * np.float64(layer.space.kernel[...])
    np.testing.assert_allclose(layer(jnp.asarray(maps)), correlated(maps, kernel, before), atol=1e-5)


@pytest.mark.parametrize(("frames", "causal", "before"), [(3, False, 1), (4, True, 3)])
def test_space_then_time_with_a_norm_between(frames, causal, before):
    rng = np.random.default_rng(1)
    layer = TwoPlusOne(3, 4, frames, causal, rngs=nnx.Rngs(0))
    layer.norm.mean[...] = jnp.float32(rng.normal(size=layer.norm.mean.shape))
    layer.eval()
    maps = np.float32(rng.normal(size=(5, 4, 4, 3)))
    space = correlated(maps, np.asarray(layer.space.kernel[...])[None], 0)
    normed = (space - np.float64(layer.norm.mean[...])) / np.sqrt(1 + 1e-5)
    expected = correlated(np.maximum(normed, 0), np.asarray(layer.time[...])[:, None, None], before)
    np.testing.assert_allclose(layer(jnp.asarray(maps)), expected, atol=1e-4)


def test_space_then_time_has_the_parameters_of_a_full_kernel():
    """Tran et al.: 3 * 9 * 16 * 16 / (9 * 16 + 3 * 16) = 36 channels between, 9*16*36 + 3*36*16 = 6912 = 27*16*16."""
    layer = TwoPlusOne(16, 16, 3, rngs=nnx.Rngs(0))
    assert layer.space.kernel.size + layer.time.size == 6912 == 27 * 16 * 16


def test_outputs_keep_their_scale_at_first():
    layer = TwoPlusOne(32, 32, 3, rngs=nnx.Rngs(0))
    maps = jnp.float32(np.random.default_rng(0).normal(size=(9, 16, 16, 32)))
    second_moment = float(jnp.square(layer(maps)[2:7, 2:14, 2:14]).mean())
    assert 1.0 < second_moment < 4.0  # He: twice the input's, which a ReLU after it halves


def test_along_time_needs_no_padding_where_frames_are_given():
    rng = np.random.default_rng(2)
    maps, kernel = np.float32(rng.normal(size=(7, 2, 2, 3))), np.float32(rng.normal(size=(3, 3, 4)))
    expected = correlated(maps, kernel[:, None, None], 2)[2:]
    np.testing.assert_allclose(along_time(jnp.asarray(maps), jnp.asarray(kernel), 0, 0), expected, atol=1e-5)
