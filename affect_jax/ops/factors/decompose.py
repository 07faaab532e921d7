"""Factors of a trained dense kernel, by TensorLy, and the ranks that a wanted share of its energy needs. Host code."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import ModuleType
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from affect_jax.ops.factors.forms import DENSE_AXES, reconstruct
from affect_jax.ops.factors.rank import Rank, resolve_rank
from affect_jax.ops.factors.selection import normalized

Kernel = Float[np.ndarray, "*taps input output"]


class Decomposition(NamedTuple):
    """A kernel in factors, and the length of its difference to the dense kernel over the length of that."""

    factors: dict[str, np.ndarray]
    relative_error: float


def decompose(
    kernel: Kernel,
    form: str,
    rank: Rank,
    *,
    axes: tuple[str, ...] | None = None,
    starts: int = 3,
    iterations: int = 200,
    seed: int = 0,
) -> Decomposition:
    """The kernel of that form and rank (see `factor_rank`) that is found closest to a dense kernel.

    cp: alternating least squares, from singular vectors and from starts - 1 random points, the best of them, its
    columns normalized into "scale" and sorted by it. tucker: HOSVD, improved by alternating least squares. tt: TT-SVD.
    axes: names of the kernel's axes; by default told by their number, as for a dense kernel.
    """
    sizes = _sizes(kernel, axes)
    ranks = resolve_rank(form, sizes, rank)
    if form == "dense":
        return Decomposition({"kernel": np.float32(kernel)}, 0.0)
    if form == "cp":
        rng = np.random.default_rng(seed)
        tries = [_cp(kernel, sizes, ranks["rank"], iterations, rng, start) for start in range(max(1, starts))]
        return min((_measured(kernel, factors) for factors in tries), key=lambda tried: tried.relative_error)
    if form == "tucker":
        return _measured(kernel, _tucker(kernel, sizes, ranks, iterations))
    return _measured(kernel, _tt(kernel, sizes, ranks))


def rank_by_energy(
    kernel: Kernel,
    form: str,
    energy: float,
    *,
    axes: tuple[str, ...] | None = None,
    starts: int = 3,
    iterations: int = 200,
    seed: int = 0,
) -> dict[str, int]:
    """The ranks with which `decompose` so called keeps this share of the kernel's sum of squares, in (0, 1].

    tucker, tt: from singular values, each unfolding with its part of what may be lost. cp: the smallest rank found
    whose alternating least squares keep it (or lose 1e-6), which takes several decompositions; ValueError where too few
    starts and iterations keep it at no rank.
    """
    if not 0 < energy <= 1:
        raise ValueError(f"energy is {energy}; expected the share of the kernel's sum of squares to keep, in (0, 1]")
    sizes = _sizes(kernel, axes)
    if form == "dense":
        return {}
    if form == "cp":
        search = {"starts": starts, "iterations": iterations, "seed": seed}
        return {"rank": _cp_rank(kernel, sizes, energy, search)}
    whole = float(np.square(np.float64(kernel)).sum())
    if form == "tucker":
        bound = (1 - energy) * whole / len(sizes)
        unfolded = {name: np.moveaxis(kernel, place, 0).reshape(sizes[name], -1) for place, name in enumerate(sizes)}
        return {name: _enough(np.linalg.svd(matrix, compute_uv=False), bound) for name, matrix in unfolded.items()}
    rest, ranks, last = np.moveaxis(np.float64(kernel), -2, 0), {}, 1
    bound = (1 - energy) * whole / (len(sizes) - 1)
    for name in ("inputs", *list(sizes)[:-2]):
        _, values, right = np.linalg.svd(rest.reshape(last * sizes[name], -1), full_matrices=False)
        last = ranks[name] = _enough(values, bound)
        rest = values[:last, None] * right[:last]
    return ranks


def _enough(values: np.ndarray, bound: float) -> int:
    """The fewest largest singular values that leave out no more than `bound` of the sum of their squares."""
    left_out = np.append(np.cumsum(np.square(values)[::-1])[::-1], 0)  # by keeping the first 0, 1, .. of them
    return max(1, int(np.argmax(left_out <= bound + 1e-12 * left_out[0])))


def _cp_rank(kernel: Kernel, sizes: dict[str, int], energy: float, search: Mapping[str, int]) -> int:
    """The smallest rank found that keeps the energy, by doubling and halving; ValueError where none does."""
    error = lambda rank: decompose(kernel, "cp", rank, axes=tuple(sizes)[:-2], **search).relative_error
    fits = lambda rank: error(rank) <= max(math.sqrt(1 - energy), 1e-3)
    low, high, most = 0, 1, math.prod(sizes.values()) // max(sizes.values())
    while not fits(high):
        if high == most:  # enough for any kernel of this shape, but least squares may stop before
            raise ValueError(
                f"energy is {energy}, but a cp decomposition of a kernel of shape {kernel.shape} with "
                f"{search['starts']} starts of {search['iterations']} iterations keeps {1 - error(most) ** 2:.4f} at "
                f"the largest useful rank, {most}; give more iterations or starts, or ask for less energy"
            )
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _cp(
    kernel: Kernel, sizes: dict[str, int], rank: int, iterations: int, rng: np.random.Generator, start: int
) -> dict:
    factors = [rng.normal(size=(size, rank)) for size in kernel.shape]
    if start == 0:
        for place, factor in enumerate(factors):
            left = np.linalg.svd(np.moveaxis(kernel, place, 0).reshape(len(factor), -1), full_matrices=False)[0]
            factor[:, : left.shape[1]] = left[:, :rank]
    begin = (np.ones(rank), factors)
    parafac = _tensorly().parafac
    with _faster_products():
        weights, factors = parafac(np.float64(kernel), rank, n_iter_max=iterations, init=begin, tol=1e-9)
    drawn = dict(zip(sizes, factors, strict=True)) | {"scale": weights}
    level = normalized({name: jnp.float32(array) for name, array in drawn.items()})
    order = np.argsort(-np.abs(np.asarray(level["scale"])))
    return {name: np.asarray(array)[..., order] for name, array in level.items()}


def _tucker(kernel: Kernel, sizes: dict[str, int], ranks: Mapping[str, int], iterations: int) -> dict:
    wanted = [ranks[name] for name in sizes]
    core, factors = _tensorly().tucker(np.float64(kernel), rank=wanted, n_iter_max=iterations, init="svd")
    return dict(zip(sizes, factors, strict=True)) | {"core": core}


def _tt(kernel: Kernel, sizes: dict[str, int], ranks: Mapping[str, int]) -> dict:
    chain = np.moveaxis(np.float64(kernel), -2, 0)
    axes = list(sizes)[:-2]
    first, *cores, last = _tensorly().tensor_train(chain, rank=[1, *(ranks[name] for name in ("inputs", *axes)), 1])
    cores = {name: np.moveaxis(core, 0, 1) for name, core in zip(axes, cores, strict=True)}
    return {"inputs": first[0], **cores, "outputs": last[..., 0].T}


def _measured(kernel: Kernel, factors: dict[str, np.ndarray]) -> Decomposition:
    factors = {name: np.float32(array) for name, array in factors.items()}
    found = np.asarray(reconstruct({name: jnp.asarray(array) for name, array in factors.items()}))
    return Decomposition(factors, float(np.linalg.norm(found - kernel) / max(np.linalg.norm(kernel), 1e-30)))


def _sizes(kernel: Kernel, axes: tuple[str, ...] | None) -> dict[str, int]:
    axes = DENSE_AXES.get(kernel.ndim - 2, ()) if axes is None else axes
    if not axes or len(axes) != kernel.ndim - 2 or not np.isfinite(kernel).all():
        raise ValueError(
            f"a kernel of shape {kernel.shape} for the axes {', '.join(axes) or 'none'}; expected finite numbers "
            "[taps of 1 to 4 axes.., input, output]"
        )
    return dict(zip((*axes, "inputs", "outputs"), kernel.shape, strict=True))


def _faster_products() -> AbstractContextManager:
    """TensorLy with another order of the products that alternating least squares spend their time in.

    Its own makes a matrix of a row for each number of all modes but one, which for 3 rows of a kernel is the longest.
    """
    from tensorly import tenalg
    from tensorly.tenalg.core_tenalg import CoreTenalgBackend

    class LongestFirst(CoreTenalgBackend, backend_name="longest_first"):
        """TensorLy's usual tensor algebra but for one product."""

    LongestFirst.register_method("unfolding_dot_khatri_rao", _against_others)
    return tenalg.backend_context(LongestFirst(), local_threadsafe=True)


def _against_others(tensor: np.ndarray, weights_and_factors: tuple, mode: int) -> np.ndarray:
    """The tensor times each component's columns of all modes but one: [size of the mode, R]; longest modes first."""
    weights, factors = weights_and_factors
    order = sorted((place for place in range(tensor.ndim) if place != mode), key=lambda place: -tensor.shape[place])
    left = [place for place in range(tensor.ndim) if place != order[0]]
    result = np.tensordot(tensor, factors[order[0]], (order[0], 0))
    for place in order[1:]:
        result = np.einsum("...ar,ar->...r", np.moveaxis(result, left.index(place), -2), factors[place])
        left.remove(place)
    return result if weights is None else result * weights


def _tensorly() -> ModuleType:
    try:
        import tensorly.decomposition
    except ImportError as error:
        raise ImportError("decomposing a kernel needs TensorLy: pip install 'affect_jax[decompose]'") from error
    return tensorly.decomposition
