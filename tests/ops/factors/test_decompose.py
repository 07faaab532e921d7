import jax.numpy as jnp
import numpy as np
import pytest
from kernels64 import dense_kernel, drawn_factors

from affect_jax.ops.factors import decompose as module
from affect_jax.ops.factors import form_of, kernel_sizes, parameter_count
from affect_jax.ops.factors.decompose import Decomposition, decompose, rank_by_energy

pytest.importorskip("tensorly", reason="needs the extra 'decompose'")
TAPS = {"height": 3, "width": 3}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(("form", "rank"), [("cp", 5), ("tucker", 3), ("tt", 4)])
def test_a_kernel_that_has_the_rank_is_found_again(form, rank):
    kernel = dense_kernel(drawn_factors(form, TAPS, inputs=7, outputs=6))
    found = decompose(kernel, form, rank)
    assert form_of(found.factors) == form
    assert found.relative_error < 1e-3
    again = dense_kernel({name: np.float64(array) for name, array in found.factors.items()})
    error = np.linalg.norm(again - kernel) / np.linalg.norm(kernel)
    np.testing.assert_allclose(error, found.relative_error, atol=1e-6)


def test_cp_factors_have_columns_of_length_1_sorted_by_scale_and_the_same_from_the_same_seed():
    kernel = noise(3, 3, 5, 4)
    first, second = decompose(kernel, "cp", 6, seed=3), decompose(kernel, "cp", 6, seed=3)
    for name in ("height", "width", "inputs", "outputs"):
        np.testing.assert_allclose(np.linalg.norm(first.factors[name], axis=0), 1, rtol=1e-5)
        np.testing.assert_array_equal(first.factors[name], second.factors[name])
    assert (np.diff(np.abs(first.factors["scale"])) <= 0).all()
    assert decompose(kernel, "cp", 6, starts=1, seed=3).relative_error >= first.relative_error


def test_cp_of_one_component_is_the_largest_singular_pair_of_a_matrix():
    kernel = noise(1, 1, 5, 4)  # no axes to speak of: the kernel is a matrix
    values = np.linalg.svd(kernel[0, 0], compute_uv=False)
    found = decompose(kernel, "cp", 1)
    np.testing.assert_allclose(abs(found.factors["scale"][0]), values[0], rtol=1e-4)
    expected = np.sqrt(np.square(values[1:]).sum() / np.square(values).sum())
    np.testing.assert_allclose(found.relative_error, expected, rtol=1e-4)


@pytest.mark.parametrize(("form", "rank"), [("tucker", {"inputs": 5, "outputs": 4}), ("tt", 100)])
def test_full_ranks_lose_nothing(form, rank):
    assert decompose(noise(3, 3, 5, 4), form, rank).relative_error < 1e-5


@pytest.mark.parametrize(("form", "energy"), [("tucker", 0.5), ("tucker", 0.9), ("tt", 0.5), ("tt", 0.9), ("cp", 0.7)])
def test_ranks_by_energy_keep_it_and_smaller_ones_of_a_matrix_do_not(form, energy):
    kernel = noise(2, 2, 3, 3, seed=1)
    ranks = rank_by_energy(kernel, form, energy)
    assert 1 - decompose(kernel, form, ranks).relative_error ** 2 >= energy - 1e-6
    matrix = np.diag([3.0, 2.0, 1.0])[None]  # of its 14 parts of energy, the first keeps 9, two keep 13
    found = rank_by_energy(matrix, form, 0.99 * 13 / 14)
    assert found == {"rank": 2} if form == "cp" else found["inputs"] >= 2


@pytest.mark.slow
@pytest.mark.parametrize(("starts", "iterations"), [(1, 1), (1, 2), (2, 5)])
def test_the_rank_of_cp_keeps_the_energy_with_the_starts_and_iterations_it_was_searched_with(starts, iterations):
    kernel, search = noise(3, 3, 5, 4, seed=1), {"starts": starts, "iterations": iterations, "seed": 3}
    ranks = rank_by_energy(kernel, "cp", 0.9, **search)
    assert 1 - decompose(kernel, "cp", ranks, **search).relative_error ** 2 >= 0.9 - 1e-6
    assert ranks["rank"] > rank_by_energy(kernel, "cp", 0.9)["rank"]  # 3 starts of 200 iterations need fewer


def test_an_energy_that_no_rank_of_cp_keeps_is_refused(monkeypatch):
    monkeypatch.setattr(module, "decompose", lambda *_, **__: Decomposition({}, 0.5))
    message = r"energy is 0.9, .* shape \(3, 3, 5, 4\) with 1 starts of 2 iterations keeps 0.7500 at .* rank, 36; allow"
    with pytest.raises(ValueError, match=message):
        rank_by_energy(noise(3, 3, 5, 4), "cp", 0.9, starts=1, iterations=2)


def test_energy_of_1_finds_the_rank_of_a_tensor_train():
    kernel = dense_kernel(drawn_factors("tt", TAPS, inputs=7, outputs=6))  # links 2, 3, 4
    assert rank_by_energy(kernel, "tt", 1.0) == {"inputs": 2, "height": 3, "width": 4}


def test_a_fraction_of_the_parameters_is_kept_and_names_can_be_given():
    kernel = noise(3, 3, 12, 10)
    found = decompose(kernel, "tucker", 0.3, axes=("time", "width"))
    assert set(kernel_sizes(found.factors)) == {"time", "width", "inputs", "outputs"}
    assert parameter_count(found.factors) <= 0.3 * kernel.size


def test_what_cannot_be_decomposed_is_refused():
    with pytest.raises(ValueError, match=r"a kernel of shape \(3, 2, 2\) for the axes height, width; expected finite"):
        decompose(noise(3, 2, 2), "cp", 2, axes=("height", "width"))
    with pytest.raises(ValueError, match="expected finite values"):
        decompose(np.full((3, 2, 2), np.nan), "cp", 2)
    with pytest.raises(ValueError, match=r"energy is 1.5; expected the fraction"):
        rank_by_energy(noise(3, 2, 2), "cp", 1.5)


def test_a_dense_kernel_stays_as_it_is():
    kernel = noise(3, 2, 2)
    found = decompose(kernel, "dense", 0)
    np.testing.assert_array_equal(found.factors["kernel"], np.float32(kernel))
    assert jnp.asarray(found.factors["kernel"]).dtype == jnp.float32
