import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.ops import depthwise as module
from affect_jax.ops.depthwise import Slide, depthwise, pointwise, separable

CASES = [  # length, taps, before, after, stride, dilation
    (7, 1, 0, 0, 1, 1),
    (7, 3, 1, 1, 1, 1),
    (7, 5, 2, 2, 1, 1),
    (7, 2, 1, 0, 1, 1),
    (7, 3, 2, 0, 1, 1),
    (7, 3, 0, 0, 1, 1),
    (2, 7, 3, 3, 1, 1),
    (8, 3, 1, 1, 2, 1),
    (7, 3, 1, 1, 2, 1),
    (9, 3, 2, 2, 1, 2),
    (9, 4, 6, 0, 3, 2),
    (5, 3, 4, 0, 2, 2),
    (4, 2, 5, 5, 4, 7),
    (1, 3, 6, 6, 1, 6),
    (7, 1, 0, 0, 3, 1),
    (2, 3, 8, 2, 1, 1),
]


def by_hand(signal, taps, direction_seed, before, after, stride, dilation):
    """Loops in float64 over axis 1: the result, a direction, and the gradients along it."""
    length = (signal.shape[1] + before + after - dilation * (len(taps) - 1) - 1) // stride + 1
    result = np.zeros((signal.shape[0], length, *signal.shape[2:]))
    direction = np.random.default_rng(direction_seed).normal(size=result.shape)
    to_signal, to_taps = np.zeros(signal.shape), np.zeros(taps.shape)
    for place in range(length):
        for tap in range(len(taps)):
            if 0 <= (at := place * stride + tap * dilation - before) < signal.shape[1]:
                result[:, place] += signal[:, at] * taps[tap]
                to_signal[:, at] += direction[:, place] * taps[tap]
                to_taps[tap] += (direction[:, place] * signal[:, at]).sum((0, 1))
    return result, direction, to_signal, to_taps


def gradients(function, direction):
    """(signal, taps) to the value and the gradients along a direction, under jit."""

    def both(signal, taps):
        value, pullback = jax.vjp(function, signal, taps)
        return value, *pullback(direction.astype(value.dtype))

    return jax.jit(both)


def plain(signal, taps, slides):
    """What autodiff makes of slices of a padded array, for any number of axes."""
    for factor, slide in zip(taps, slides, strict=True):
        padding = [(0, 0)] * signal.ndim
        padding[slide.axis] = (slide.before, slide.after)
        padded, stop = jnp.pad(signal, padding), signal.shape[slide.axis] + slide.before + slide.after
        starts = [tap * slide.dilation for tap in range(len(factor))]
        parts = [
            jax.lax.slice_in_dim(padded, at, stop - starts[-1] + at, slide.stride, slide.axis)
            * jnp.expand_dims(row, range(signal.ndim - 1))
            for at, row in zip(starts, factor, strict=True)
        ]
        signal = sum(parts[1:], parts[0])
    return signal


@pytest.mark.parametrize(("length", "count", "before", "after", "stride", "dilation"), CASES)
def test_values_and_gradients_equal_a_float64_loop(length, count, before, after, stride, dilation):
    rng = np.random.default_rng(6)
    signal, taps = rng.normal(size=(2, length, 3, 4)), rng.normal(size=(count, 4))
    expected, direction, to_signal, to_taps = by_hand(signal, taps, 7, before, after, stride, dilation)
    run = lambda s, t: depthwise(s, t, 1, before=before, after=after, stride=stride, dilation=dilation)
    found = gradients(run, jnp.float32(direction))(jnp.float32(signal), jnp.float32(taps))
    for one, other in zip(found, (expected, to_signal, to_taps), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


SHAPES = [  # numbers in a block, signal, with the slides of its axes
    (1, (6, 4), [Slide(0, 2, 0)]),
    (1, (2, 7, 4), [Slide(1, 1, 1, 2)]),
    (50, (3, 5, 6, 4), [Slide(1, 1, 1), Slide(2, 2, 1, 1, 2)]),
    (2**17, (6, 4, 5, 4), [Slide(0, 2, 0), Slide(1, 1, 1, 2), Slide(2, 1, 1)]),
    (1, (2, 6, 4, 5, 4), [Slide(1, 1, 1), Slide(2, 1, 1), Slide(3, 1, 1)]),
    (2**17, (2, 3, 4, 3, 5, 4), [Slide(1, 1, 1), Slide(2, 1, 1), Slide(3, 1, 1), Slide(4, 2, 0)]),
]


def drawn(shape, slides, dtype=jnp.float32):
    rng = np.random.default_rng(8)
    signal = jnp.asarray(rng.normal(size=shape), dtype)
    taps = [jnp.asarray(rng.normal(size=(3, shape[-1])), dtype) for _ in slides]
    result = jax.eval_shape(lambda s, t: separable(s, t, slides), signal, taps)
    return signal, taps, jnp.asarray(rng.normal(size=result.shape), dtype)


@pytest.mark.parametrize(("block", "shape", "slides"), SHAPES)
def test_a_chain_of_axes_equals_autodiff_of_the_plain_form(block, shape, slides, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_VALUES", block)
    signal, taps, direction = drawn(shape, slides)
    ours = gradients(lambda s, t: separable(s, t, slides), direction)(signal, taps)
    theirs = gradients(lambda s, t: plain(s, t, slides), direction)(signal, taps)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_each_example_of_a_vmap_has_the_gradients_that_it_has_alone():
    slides = [Slide(0, 2, 0), Slide(1, 1, 1)]
    signals, taps, directions = drawn((3, 5, 6, 4), [Slide(1, 2, 0), Slide(2, 1, 1)])
    one = lambda signal, taps, direction: gradients(lambda s, t: separable(s, t, slides), direction)(signal, taps)
    together = jax.vmap(one, (0, None, 0))(signals, taps, directions)
    for index in range(3):
        alone = one(signals[index], taps, directions[index])
        for found, expected in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(found[index], expected, rtol=1e-5, atol=1e-5)


def test_bfloat16_is_summed_in_float32():
    slides = [Slide(0, 1, 1), Slide(1, 1, 1)]
    coarse = drawn((40, 50, 4), slides, jnp.bfloat16)
    fine = jax.tree.map(lambda array: array.astype(jnp.float32), coarse)
    run = lambda s, t: separable(s, t, slides)
    found, expected = (gradients(run, direction)(signal, taps) for signal, taps, direction in (coarse, fine))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == jnp.bfloat16
        assert float(jnp.abs(one.astype(jnp.float32) - other).max() / jnp.abs(other).max()) < 0.01


def test_the_gradient_can_be_taken_again():
    slides = [Slide(0, 2, 0)]
    signal, taps, direction = drawn((4, 2), slides)

    def curvature(run):
        slope = jax.grad(lambda s, t: (run(s, t, slides) ** 3 * direction).sum(), (0, 1))
        inner = lambda s, t: sum((leaf * leaf).sum() for leaf in jax.tree.leaves(slope(s, t)))
        return jax.jit(jax.grad(inner, (0, 1)))(signal, taps)

    for one, other in zip(jax.tree.leaves(curvature(separable)), jax.tree.leaves(curvature(plain)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3 * float(jnp.abs(other).max()))


def test_forward_mode_is_refused():
    signal, taps, _ = drawn((4, 2), [Slide(0, 1, 1)])
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(lambda s: separable(s, taps, [Slide(0, 1, 1)]), (signal,), (signal,))


def test_channels_are_mixed_at_every_place():
    signal, matrix = np.random.default_rng(9).normal(size=(2, 3, 4, 5)), np.random.default_rng(10).normal(size=(5, 6))
    expected = np.einsum("abci,io->abco", signal, matrix)
    np.testing.assert_allclose(pointwise(jnp.float32(signal), jnp.float32(matrix)), expected, atol=1e-5)


def test_a_kernel_longer_than_the_padded_axis_is_refused():
    with pytest.raises(ValueError, match="3 taps with dilation 2 span 5 positions, but axis 0 has 3 and its padding 1"):
        depthwise(jnp.zeros((3, 4)), jnp.zeros((3, 4)), 0, before=1, after=0, dilation=2)
