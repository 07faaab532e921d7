import jax
import jax.numpy as jnp
import numpy as np
import pytest
from kernels64 import drawn_factors

from affect_jax.ops.factors import (
    FORMS,
    convolve,
    drop_time,
    inflate,
    inflate_by_mean,
    kernel_axes,
    lengthen,
    reconstruct,
)

STATIC = {"height": 3, "width": 2}


def drawn(form: str, **taps: int) -> dict:
    return jax.tree.map(jnp.float32, drawn_factors(form, taps, inputs=3, outputs=4, seed=7))


def noise(*shape: int) -> jax.Array:
    return jnp.float32(np.random.default_rng(8).normal(size=shape))


@pytest.mark.parametrize(("taps", "causal", "here"), [(1, False, 0), (5, False, 2), (3, True, 2), (2, True, 1)])
@pytest.mark.parametrize("form", FORMS)
def test_inflated_kernel_is_the_static_one_at_the_present_tap_and_zero_elsewhere(form, taps, causal, here):
    factors = drawn(form, **STATIC)
    longer = inflate(factors, taps, causal)
    assert kernel_axes(longer) == ("time", "height", "width")
    kernel = np.asarray(reconstruct(longer))
    np.testing.assert_allclose(kernel[here], reconstruct(factors), rtol=1e-5, atol=1e-6)
    assert not np.delete(kernel, here, axis=0).any()
    back = drop_time(longer, causal)
    assert {name: array.shape for name, array in back.items()} == {name: array.shape for name, array in factors.items()}
    np.testing.assert_allclose(reconstruct(back), reconstruct(factors), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_an_inflated_convolution_gives_every_frame_what_the_static_one_gives(form, causal):
    factors, clip = drawn(form, **STATIC), noise(5, 4, 3, 3)
    np.testing.assert_allclose(convolve(clip, inflate(factors, 3, causal), causal), convolve(clip, factors), atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_every_tap_of_an_inflated_kernel_learns(form):
    factors, clip = inflate(drawn(form, **STATIC), 3), noise(5, 4, 3, 3)
    name = "kernel" if form == "dense" else "time"
    slope = jax.grad(lambda array: jnp.square(convolve(clip, {**factors, name: array})).sum())(factors[name])
    assert (np.abs(slope).reshape(3, -1).max(1) > 1e-3).all()


def test_the_taps_of_an_inflated_tucker_kernel_become_kernels_of_their_own():
    factors, clip = inflate(drawn("tucker", **STATIC), 3), noise(5, 4, 3, 3)
    slope = jax.grad(lambda core: jnp.square(convolve(clip, {**factors, "core": core})).sum())(factors["core"])
    assert all(np.abs(part).max() > 1e-3 for part in slope)
    first, last = slope[0].ravel(), slope[2].ravel()
    assert abs(first @ last) < 0.99 * jnp.linalg.norm(first) * jnp.linalg.norm(last)


@pytest.mark.parametrize(
    ("before", "causal_before", "after", "causal_after"),
    [(3, False, 5, False), (3, True, 4, True), (3, True, 5, False), (3, False, 7, False), (1, False, 3, True)],
)
@pytest.mark.parametrize("form", FORMS)
def test_a_longer_kernel_gives_the_same_outputs(form, before, causal_before, after, causal_after):
    factors, clip = drawn(form, time=before, **STATIC), noise(6, 4, 3, 3)
    longer = lengthen(factors, after, causal_before, causal_after)
    assert reconstruct(longer).shape[0] == after
    expected = convolve(clip, factors, causal_before)
    np.testing.assert_allclose(convolve(clip, longer, causal_after), expected, rtol=1e-5, atol=1e-5)


def test_the_mean_rule_keeps_still_frames_inside_the_clip_only():
    factors = drawn("dense", **STATIC)
    mean, still = inflate_by_mean(factors, 3), jnp.broadcast_to(noise(4, 3, 3)[None], (5, 4, 3, 3))
    expected, found = convolve(still, factors), convolve(still, mean)
    np.testing.assert_allclose(found[1:-1], expected[1:-1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[0], expected[0] * 2 / 3, rtol=1e-5, atol=1e-5)  # a zero frame is averaged in


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inflate(drawn("tt", **STATIC), 4), "4 taps; a centered one needs an odd number, or choose causal"),
        (lambda: inflate(drawn("tucker", time=3, **STATIC), 3), "already has a time factor"),
        (lambda: inflate(drawn("dense", time=3), 3), "already has a time factor"),
        (lambda: inflate_by_mean(drawn("cp", **STATIC), 3), "needs a dense static kernel; inflate"),
        (lambda: lengthen(drawn("cp", time=5, **STATIC), 3), r"5 taps \(centered\) does not fit into one of 3 taps"),
        (lambda: lengthen(drawn("cp", time=3, **STATIC), 3, False, True), r"3 taps \(centered\) .* 3 taps \(causal\)"),
        (lambda: lengthen(drawn("cp", **STATIC), 3), "has no time axis; add one with inflate"),
        (lambda: drop_time(drawn("dense", **STATIC)), "has no time axis"),
        (lambda: drop_time(drawn("cp", time=3)), "slides along time only"),
    ],
)
def test_what_would_not_keep_the_function_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
