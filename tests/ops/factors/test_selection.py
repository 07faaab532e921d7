import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from kernels64 import dense_kernel, drawn_factors

from affect_jax.ops.factors import drop_components, evenness, normalize, reconstruct, select_components, substitute_norm


def drawn(form: str = "cp") -> dict:
    return jax.tree.map(jnp.float32, drawn_factors(form, {"height": 3, "width": 3}, inputs=3, outputs=4, seed=9))


def test_normalized_columns_have_length_1_and_make_the_same_kernel():
    factors = drawn()
    level = normalize(factors)
    np.testing.assert_allclose(reconstruct(level), reconstruct(factors), rtol=1e-5, atol=1e-6)
    for name in ("height", "width", "inputs", "outputs"):
        np.testing.assert_allclose(np.linalg.norm(level[name], axis=0), 1, rtol=1e-6)


def test_a_norm_after_the_first_1x1_gives_components_the_length_of_its_scale_and_bias():
    factors, scale, bias = drawn(), *jnp.float32(np.random.default_rng(1).normal(size=(2, 5)))
    rest = [np.linalg.norm(np.float64(factors[name]), axis=0) for name in ("height", "width", "outputs")]
    expected = np.abs(np.float64(factors["scale"])) * np.prod(rest, 0) * np.hypot(np.float64(scale), np.float64(bias))
    np.testing.assert_allclose(np.abs(normalize(substitute_norm(factors, scale, bias))["scale"]), expected, rtol=1e-5)


def test_evenness_is_that_of_the_components_lengths_however_they_are_spread_and_whatever_the_kernels_length():
    factors = drawn()
    alone = [{name: np.float64(array)[..., [r]] for name, array in factors.items()} for r in range(5)]
    lengths = np.array([np.linalg.norm(dense_kernel(component)) for component in alone])
    expected = lengths.sum() / np.linalg.norm(lengths)
    np.testing.assert_allclose(evenness(factors), expected, rtol=1e-5)
    moved = {**factors, "scale": factors["scale"] / 8, "height": factors["height"] * 8}
    np.testing.assert_allclose(evenness(moved), expected, rtol=1e-5)
    np.testing.assert_allclose(evenness({**factors, "outputs": factors["outputs"] * 7}), expected, rtol=1e-5)


def test_evenness_runs_from_one_component_to_all_alike():
    level = normalize(drawn())
    np.testing.assert_allclose(evenness({**level, "scale": jnp.float32([0, -3, 0, 0, 0])}), 1, rtol=1e-6)
    np.testing.assert_allclose(evenness({**level, "scale": jnp.float32([2, -2, 2, 2, -2])}), np.sqrt(5), rtol=1e-6)


def test_the_penalty_has_a_derivative_where_a_column_is_zero():
    factors = drawn()
    factors["height"] = factors["height"].at[:, 1].set(0.0)
    nothing = {**factors, "outputs": factors["outputs"] * 0}
    for kernel in (factors, nothing):
        slopes = jax.grad(evenness)(kernel)
        assert all(bool(jnp.isfinite(slope).all()) for slope in slopes.values())
    assert float(normalize(factors)["scale"][1]) == 0 and float(evenness(nothing)) == 0


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_dropping_leaves_one_at_least_and_the_kernel_in_the_mean(rank):
    factors = {name: array[..., :rank] for name, array in drawn().items()} | {"scale": jnp.arange(1.0, rank + 1)}
    draws = jax.vmap(lambda key: drop_components(factors, 0.6, key)["scale"])(
        jax.random.split(jax.random.key(0), 20000)
    )
    assert ((np.asarray(draws) != 0).sum(1) >= 1).all()
    np.testing.assert_allclose(draws.mean(0), factors["scale"], rtol=0.04)
    # the share of each pattern: independent, but "none" is shared out evenly among the single ones
    for pattern in itertools.product([0, 1], repeat=rank):
        kept = sum(pattern)
        expected = 0 if kept == 0 else 0.4**kept * 0.6 ** (rank - kept) + (0.6**rank / rank if kept == 1 else 0)
        share = ((np.asarray(draws) != 0) == np.array(pattern, bool)).all(1).mean()
        np.testing.assert_allclose(share, expected, atol=0.02)


def test_only_cp_kernels_have_components():
    drop = lambda factors: drop_components(factors, 0.5, jax.random.key(0))
    for call in (normalize, evenness, lambda factors: select_components(factors, 0.0), drop):
        with pytest.raises(ValueError, match="form 'tt'; only a cp kernel is a sum of components"):
            call(drawn("tt"))
