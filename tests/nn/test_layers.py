import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.nn.attention import landmark_attention
from affect_jax.nn.conv import Conv3x3, ConvBlock, double, halve, halve_by_mean
from affect_jax.nn.factorized import FactorizedConv, factorized
from affect_jax.nn.frames import per_frame
from affect_jax.nn.heads import AffectHead
from affect_jax.nn.hourglass import Hourglass
from affect_jax.ops.factors import reconstruct


def noise(*shape: int, seed: int = 0) -> jax.Array:
    return jnp.float32(np.random.default_rng(seed).normal(size=shape))


def numpy_conv_3x3(signal: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    padded = np.pad(signal, ((0, 0), (1, 1), (1, 1), (0, 0)))
    _, height, width, _ = signal.shape
    return sum(padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3))


def numpy_norm(signal: np.ndarray, norm: nnx.BatchNorm, lowest: float = 0) -> np.ndarray:
    mean, var, scale, bias = (np.float64(part[...]) for part in (norm.mean, norm.var, norm.scale, norm.bias))
    return np.maximum((signal - mean) / np.sqrt(var + 1e-5) * scale + bias, lowest)


def unsettle(module: nnx.Module) -> None:
    """Batch statistics that are not 0 and 1."""
    rng = np.random.default_rng(5)
    for _, part in nnx.iter_modules(module):
        if isinstance(part, nnx.BatchNorm):
            size = part.mean[...].shape
            part.mean[...], part.var[...] = jnp.float32(rng.normal(size=size)), jnp.float32(rng.uniform(0.5, 2, size))
            part.scale[...], part.bias[...] = jnp.float32(rng.uniform(0.5, 2, size)), jnp.float32(rng.normal(size=size))
    module.eval()


@pytest.mark.parametrize("inputs", [8, 4])
def test_block_equals_float64_numpy(inputs):
    block = ConvBlock(inputs, 8, rngs=nnx.Rngs(0))
    unsettle(block)
    signal = np.float64(noise(2, 5, 4, inputs))
    branches, current = [], signal
    for norm, conv in zip(block.norms, block.convs, strict=True):
        current = numpy_conv_3x3(numpy_norm(current, norm), np.float64(conv.kernel[...]))
        branches.append(current)
    shortcut = signal
    if inputs != 8:
        shortcut = numpy_norm(signal, block.shortcut.norm) @ np.float64(block.shortcut.project.kernel[...])
    expected = np.concatenate(branches, -1) + shortcut
    np.testing.assert_allclose(block(jnp.float32(signal)), expected, rtol=1e-4, atol=1e-4)
    assert [branch.shape[-1] for branch in branches] == [4, 2, 2]


def test_halving_takes_the_maximum_of_each_square_and_doubling_repeats_it():
    maps = noise(2, 3, 4, 6, 2)
    small = halve(maps)
    for row in range(2):
        for column in range(3):
            square = maps[..., 2 * row : 2 * row + 2, 2 * column : 2 * column + 2, :]
            np.testing.assert_array_equal(small[..., row, column, :], square.max((-3, -2)))
    np.testing.assert_array_equal(double(small), np.asarray(small).repeat(2, -3).repeat(2, -2))


def test_gradient_of_halving_reaches_only_the_largest_pixel():
    maps = noise(1, 4, 4, 1)
    slope = np.asarray(jax.grad(lambda maps: halve(maps).sum())(maps))
    assert slope.sum() == 4
    np.testing.assert_array_equal(slope == 1, np.asarray(double(halve(maps)) == maps))


def test_hourglass_is_its_written_out_recursion():
    hourglass = Hourglass(2, 4, rngs=nnx.Rngs(1))
    unsettle(hourglass)
    maps = noise(1, 8, 8, 4)
    outer, inner = hourglass, hourglass.inner
    middle = outer.enter(halve(maps))
    lowest = inner.leave(inner.inner(inner.enter(halve(middle))))
    expected = outer.skip(maps) + double(outer.leave(inner.skip(middle) + double(lowest)))
    np.testing.assert_allclose(hourglass(maps), expected, rtol=1e-5, atol=1e-5)


def test_attention_weighs_the_hourglasses_and_leaves_the_trunk():
    trunk, first, second, heatmaps = (noise(2, 3, 3, c, seed=s) for s, c in enumerate((4, 2, 2, 68)))
    joined = np.asarray(landmark_attention(trunk, [first, second], heatmaps))
    mask = np.float64(heatmaps).sum(-1)  # raw: negative values stay
    assert mask.min() < 0
    np.testing.assert_array_equal(joined[..., :4], trunk)
    for channel in range(2):
        np.testing.assert_allclose(joined[..., 4 + channel], first[..., channel] * mask, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(joined[..., 6 + channel], second[..., channel] * mask, rtol=1e-4, atol=1e-5)


def test_factorized_layer_equals_a_dense_layer_with_its_kernel_and_bias():
    layer = FactorizedConv(4, 5, taps={"height": 3, "width": 3}, rank=7, use_bias=True, rngs=nnx.Rngs(2))
    layer.bias[...] = noise(5)
    layer.factors["scale"][...] = noise(7, seed=1)
    signal = noise(2, 6, 5, 4)
    kernel = np.float64(reconstruct({name: factor[...] for name, factor in layer.factors.items()}))
    expected = numpy_conv_3x3(np.float64(signal), kernel) + np.float64(layer.bias[...])
    np.testing.assert_allclose(layer(signal), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("taps", [{"height": 3, "width": 3}, {"time": 3, "height": 3, "width": 3}])
def test_fresh_factorized_layer_keeps_the_second_moment_of_a_relu_input(taps):
    layer = FactorizedConv(48, 48, taps=taps, rank=256, rngs=nnx.Rngs(3))
    signal = nnx.relu(noise(4, 8, 8, 48) if "time" not in taps else noise(8, 8, 8, 48))
    inner = layer(signal)[1:-1, 2:-2, 2:-2]  # away from the zeros of the border
    # He: variance 2 / fan_in on inputs of second moment 1/2 gives outputs of variance 1.
    np.testing.assert_allclose(float(jnp.square(inner).mean()), 1.0, rtol=0.35)


def test_parameters_of_a_factorized_layer_are_those_of_the_formula():
    layer = FactorizedConv(6, 8, taps={"time": 5, "height": 3, "width": 3}, rank=4, rngs=nnx.Rngs(0))
    count = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(layer, nnx.Param)))
    assert count == 4 * (6 + 8 + 5 + 3 + 3) + 4


def test_block_takes_factorized_convolutions_over_clips_and_batch_axes_before():
    block = ConvBlock(8, 8, convolution=factorized({"height": 3, "width": 3}, 4), rngs=nnx.Rngs(4))
    unsettle(block)
    clips = noise(2, 3, 4, 4, 8)
    np.testing.assert_allclose(block(clips), per_frame(block, clips), rtol=1e-5, atol=1e-5)


def test_head_gives_valence_and_arousal_from_the_two_last_outputs():
    head = AffectHead(6, 8, blocks=2, emotions=5, convolution=Conv3x3, rngs=nnx.Rngs(5))
    head.eval()
    maps = noise(3, 8, 8, 6)
    logits, affect = head(maps)
    features = maps @ head.reduce.kernel[...] + jnp.broadcast_to(head.reduce.bias[...], (3, 8, 8, 8))
    for block in head.blocks:
        features = halve(block(features))
    hidden = numpy_norm(np.float64(head.hidden(features.mean((1, 2)))), head.hidden_norm)
    outputs = hidden @ np.float64(head.output.kernel[...]) + np.float64(head.output.bias[...])
    np.testing.assert_allclose(logits, outputs[:, :5], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(affect, outputs[:, 5:], rtol=1e-4, atol=1e-5)


def test_geometry_joins_what_was_pooled():
    head = AffectHead(6, 8, blocks=1, emotions=5, geometry=4, rngs=nnx.Rngs(5))
    unsettle(head)
    head.eval()
    maps, geometry = noise(3, 4, 4, 6), noise(3, 4)
    features = halve(head.blocks[0](head.reduce(maps))).mean((1, 2))
    joined = np.concatenate([features, numpy_norm(np.float64(geometry), head.geometry_norm, -np.inf)], axis=-1)
    hidden = joined @ np.float64(head.hidden.kernel[...]) + np.float64(head.hidden.bias[...])
    outputs = numpy_norm(hidden, head.hidden_norm) @ np.float64(head.output.kernel[...])
    outputs += np.float64(head.output.bias[...])
    logits, affect = head(maps, geometry)
    np.testing.assert_allclose(np.concatenate([logits, affect], -1), outputs, rtol=1e-4, atol=1e-5)


def test_dropout_acts_in_training_with_the_key_of_the_call_and_never_in_evaluation():
    head = AffectHead(4, 64, blocks=1, emotions=2, dropout=0.5, rngs=nnx.Rngs(6))
    maps = noise(4, 2, 2, 4)
    head.train()
    first, second = (head(maps, rngs=nnx.Rngs(dropout=key))[0] for key in (0, 1))
    again = head(maps, rngs=nnx.Rngs(dropout=0))[0]
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(first, again)
    head.eval()
    np.testing.assert_array_equal(head(maps)[0], head(maps, rngs=nnx.Rngs(dropout=1))[0])


def test_both_ways_to_halve_a_map():
    maps = noise(2, 4, 6, 3)
    squares = np.float64(maps).reshape(2, 2, 2, 3, 2, 3)
    np.testing.assert_allclose(halve(maps), squares.max((2, 4)), rtol=1e-6)
    np.testing.assert_allclose(halve_by_mean(maps), squares.mean((2, 4)), rtol=1e-5, atol=1e-6)


def test_per_frame_is_a_loop_over_frames():
    clips = noise(2, 3, 4, 4, 1)
    found = per_frame(lambda images: {"mean": images.mean((1, 2))}, clips)["mean"]
    for place in np.ndindex(2, 3):
        np.testing.assert_allclose(found[place], clips[place].mean((0, 1)), rtol=1e-5, atol=1e-6)
