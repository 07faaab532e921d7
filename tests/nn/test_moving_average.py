"""Moving averages with equal weights against float64 means over the frames that exist."""

import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.nn.moving_average import flat_average


def means64(signal: np.ndarray, before: int, after: int) -> np.ndarray:
    """The mean of each frame and its neighbors, of those that the clip has."""
    length = signal.shape[-2]
    spans = [(max(frame - before, 0), min(frame + after + 1, length)) for frame in range(length)]
    return np.stack([np.float64(signal[..., first:last, :]).mean(-2) for first, last in spans], axis=-2)


@pytest.mark.parametrize(("frames", "causal", "before", "after"), [(5, False, 2, 2), (4, True, 3, 0), (1, False, 0, 0)])
@pytest.mark.parametrize("length", [12, 5, 3])  # the last is shorter than the window
def test_the_flat_average_is_the_mean_over_the_frames_that_exist(frames, causal, before, after, length):
    signal = np.random.default_rng(length).normal(size=(3, length, 2)).astype(np.float32)
    found = flat_average(frames, causal)(jnp.asarray(signal))
    np.testing.assert_allclose(found, means64(signal, before, after), atol=1e-6)


@pytest.mark.parametrize("size", [1, 3, 12])
def test_a_causal_flat_average_says_in_pieces_what_it_says_of_the_whole(size):
    signal = np.random.default_rng(0).normal(size=(2, 12, 2)).astype(np.float32)
    layer = flat_average(4, causal=True)
    state, found = layer.start((2, 2)), []
    for first in range(0, 12, size):
        state, output = layer.next(state, jnp.asarray(signal[:, first : first + size]))
        found.append(output)
    np.testing.assert_allclose(np.concatenate(found, axis=1), means64(signal, 3, 0), atol=1e-6)


def test_a_centered_average_cannot_run_along():
    layer = flat_average(5, causal=False)
    assert not layer.causal and flat_average(5, causal=True).causal and flat_average(1, causal=False).causal
    with pytest.raises(ValueError, match="the average looks at later frames, so it cannot run on a stream"):
        layer.next(layer.start((1, 2)), jnp.zeros((1, 1, 2)))
