import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.ops.factors import convolve, factor_std, inflate, reconstruct


def draw(seed: int, rank: int = 6, **sizes: int) -> dict:
    rng = np.random.default_rng(seed)
    factors = {name: jnp.float32(rng.normal(size=(size, rank))) for name, size in sizes.items()}
    return {**factors, "scale": jnp.float32(rng.normal(size=rank))}


def dense(signal: np.ndarray, kernel: np.ndarray, before: tuple[int, ...]) -> np.ndarray:
    """float64 correlation over every axis but the last, zero outside, output as large as the input."""
    result = np.zeros((*signal.shape[:-1], kernel.shape[-1]))
    for place in np.ndindex(*signal.shape[:-1]):
        for tap in np.ndindex(*kernel.shape[:-2]):
            at = tuple(p + t - b for p, t, b in zip(place, tap, before, strict=True))
            if all(0 <= a < size for a, size in zip(at, signal.shape[:-1], strict=True)):
                result[place] += signal[at] @ kernel[tap]
    return result


def test_reconstruction_is_the_sum_over_rank_written_out():
    factors = draw(0, time=2, height=3, width=3, inputs=4, outputs=5)
    kernel = np.zeros((2, 3, 3, 4, 5))
    for place in np.ndindex(kernel.shape):
        vectors = [factors[n][i] for n, i in zip(("time", "height", "width", "inputs", "outputs"), place, strict=True)]
        kernel[place] = np.prod(np.float64([factors["scale"], *vectors]), axis=0).sum()
    np.testing.assert_allclose(reconstruct(factors), kernel, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("taps", "shape", "causal", "before"),
    [
        ({"height": 3, "width": 3}, (4, 5), False, (1, 1)),
        ({"height": 5, "width": 3}, (4, 5), False, (2, 1)),
        ({"time": 3, "height": 3, "width": 3}, (4, 3, 4), False, (1, 1, 1)),
        ({"time": 4, "height": 3, "width": 3}, (5, 3, 4), True, (3, 1, 1)),
        ({"time": 3}, (6,), True, (2,)),
        ({"time": 7, "height": 3, "width": 3}, (2, 1, 3), False, (3, 1, 1)),
    ],
)
def test_factorized_convolution_equals_the_dense_one(taps, shape, causal, before):
    factors = draw(1, **taps, inputs=3, outputs=4)
    signal = np.random.default_rng(2).normal(size=(*shape, 3))
    expected = dense(signal, np.float64(reconstruct(factors)), before)
    np.testing.assert_allclose(convolve(jnp.float32(signal), factors, causal), expected, rtol=1e-4, atol=1e-4)


def test_gradients_equal_those_of_the_dense_convolution():
    factors = draw(3, height=3, width=3, inputs=3, outputs=4)
    signal, direction = (jnp.float32(np.random.default_rng(s).normal(size=(2, 5, 4, c))) for s, c in ((4, 3), (5, 4)))
    library = lambda signal, kernel: jax.lax.conv_general_dilated(
        signal, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    ours = jax.grad(lambda f, s: (convolve(s, f) * direction).sum(), (0, 1))(factors, signal)
    theirs = jax.grad(lambda f, s: (library(s, reconstruct(f)) * direction).sum(), (0, 1))(factors, signal)
    for found, expected in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_drawn_factors_give_a_kernel_of_the_wanted_spread():
    std = factor_std(0.1, rank=256, modes=4)
    rng = np.random.default_rng(7)
    sizes = {"height": 3, "width": 3, "inputs": 32, "outputs": 32}
    factors = {name: jnp.float32(rng.normal(0, std, (size, 256))) for name, size in sizes.items()}
    kernel = np.asarray(reconstruct({**factors, "scale": jnp.ones(256)}))
    np.testing.assert_allclose(kernel.std(), 0.1, rtol=0.1)


@pytest.mark.parametrize(("taps", "causal", "here"), [(3, False, 1), (5, False, 2), (3, True, 2), (2, True, 1)])
def test_inflated_kernel_keeps_the_static_kernel_in_one_frame(taps, causal, here):
    factors = draw(8, height=3, width=3, inputs=4, outputs=5)
    clip = np.asarray(reconstruct(inflate(factors, taps, causal)))
    np.testing.assert_allclose(clip[here], reconstruct(factors), rtol=1e-5, atol=1e-6)
    assert not np.delete(clip, here, axis=0).any()


def test_inflation_refuses_an_even_centered_kernel_and_a_second_time_axis():
    factors = draw(9, height=3, width=3, inputs=2, outputs=2)
    with pytest.raises(ValueError, match="4 taps; a centered one needs an odd number"):
        inflate(factors, 4)
    with pytest.raises(ValueError, match="already has a time factor"):
        inflate(inflate(factors, 3), 3)
