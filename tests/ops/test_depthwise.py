import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.ops.depthwise import depthwise

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


@pytest.mark.parametrize(("length", "count", "before", "after", "stride", "dilation"), CASES)
def test_values_and_gradients_equal_a_float64_loop(length, count, before, after, stride, dilation):
    rng = np.random.default_rng(6)
    signal, taps = rng.normal(size=(2, length, 3, 4)), rng.normal(size=(count, 4))
    expected, direction, to_signal, to_taps = by_hand(signal, taps, 7, before, after, stride, dilation)
    run = lambda s, t: depthwise(s, t, 1, before=before, after=after, stride=stride, dilation=dilation)
    found, pullback = jax.vjp(run, jnp.float32(signal), jnp.float32(taps))
    slopes = pullback(jnp.float32(direction))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(slopes[0], to_signal, atol=1e-5)
    np.testing.assert_allclose(slopes[1], to_taps, atol=1e-5)


def test_a_kernel_longer_than_the_padded_axis_is_refused():
    with pytest.raises(ValueError, match="3 taps with dilation 2 span 5 places, but the axis has 3 and its padding 1"):
        depthwise(jnp.zeros((3, 4)), jnp.zeros((3, 4)), 0, before=1, after=0, dilation=2)
