"""Decomposition of trained dense kernels with TensorLy, and the ranks that keep a given fraction of their energy.

Runs on the host, outside jit.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from affect_jax.ops.factors.forms import DENSE_AXES, reconstruct
from affect_jax.ops.factors.rank import Rank, resolve_rank
from affect_jax.ops.factors.selection import normalize
from affect_jax.ops.factors.tensorly_backend import faster_products, load_decompositions

Kernel = Float[np.ndarray, "*taps input output"]


class Decomposition(NamedTuple):
    """A factorized kernel and its error: |reconstruction - kernel| / |kernel|, in Frobenius norms."""

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
    """Approximates a dense kernel by one of the given form and rank (see `rank.resolve_rank`).

    cp: the best of several runs of alternating least squares, one started from singular vectors and starts - 1 from
    random points; columns are normalized into "scale" and sorted by it. tucker: HOSVD refined by alternating least
    squares. tt: TT-SVD.
    axes: names of the kernel's axes; by default inferred from their number, as for a dense kernel.
    """
    sizes = _sizes(kernel, axes)
    ranks = resolve_rank(form, sizes, rank)
    if form == "dense":
        return Decomposition({"kernel": np.float32(kernel)}, 0.0)
    if form == "cp":
        rng = np.random.default_rng(seed)
        runs = [_cp(kernel, sizes, ranks["rank"], iterations, rng, start) for start in range(max(1, starts))]
        return min((_measure(kernel, factors) for factors in runs), key=lambda run: run.relative_error)
    if form == "tucker":
        return _measure(kernel, _tucker(kernel, sizes, ranks, iterations))
    return _measure(kernel, _tt(kernel, sizes, ranks))


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
    """Returns ranks at which `decompose` keeps this fraction of the kernel's sum of squares, in (0, 1].

    tucker, tt: from singular values, with the permitted loss divided equally among the unfoldings. cp: the smallest
    rank found at which alternating least squares keep it (or lose at most 1e-6), which takes several decompositions;
    ValueError if no rank does with this many starts and iterations.
    """
    if not 0 < energy <= 1:
        raise ValueError(f"energy is {energy}; expected the fraction of the kernel's sum of squares to keep, in (0, 1]")
    sizes = _sizes(kernel, axes)
    if form == "dense":
        return {}
    if form == "cp":
        search = {"starts": starts, "iterations": iterations, "seed": seed}
        return {"rank": _cp_rank(kernel, sizes, energy, search)}
    lost_energy = (1 - energy) * float(np.square(np.float64(kernel)).sum())
    if form == "tucker":
        return _tucker_ranks(kernel, sizes, lost_energy)
    return _tt_ranks(kernel, sizes, lost_energy)


def _tucker_ranks(kernel: Kernel, sizes: dict[str, int], lost_energy: float) -> dict[str, int]:
    ranks = {}
    for axis, (name, size) in enumerate(sizes.items()):
        unfolding = np.moveaxis(kernel, axis, 0).reshape(size, -1)
        ranks[name] = _sufficient_rank(np.linalg.svd(unfolding, compute_uv=False), lost_energy / len(sizes))
    return ranks


def _tt_ranks(kernel: Kernel, sizes: dict[str, int], lost_energy: float) -> dict[str, int]:
    rest = np.moveaxis(np.float64(kernel), -2, 0)
    ranks, last = {}, 1
    for name in ("inputs", *list(sizes)[:-2]):
        _, values, right = np.linalg.svd(rest.reshape(last * sizes[name], -1), full_matrices=False)
        last = ranks[name] = _sufficient_rank(values, lost_energy / (len(sizes) - 1))
        rest = values[:last, None] * right[:last]
    return ranks


def _sufficient_rank(singular_values: np.ndarray, lost_energy: float) -> int:
    """The smallest rank whose truncation error, as a sum of squares, is at most `lost_energy`."""
    error_by_rank = np.append(np.cumsum(np.square(singular_values)[::-1])[::-1], 0)
    return max(1, int(np.argmax(error_by_rank <= lost_energy + 1e-12 * error_by_rank[0])))


def _cp_rank(kernel: Kernel, sizes: dict[str, int], energy: float, search: Mapping[str, int]) -> int:
    """Finds the smallest rank that keeps the energy, by doubling and bisection; ValueError if none does."""
    error = lambda rank: decompose(kernel, "cp", rank, axes=tuple(sizes)[:-2], **search).relative_error
    fits = lambda rank: error(rank) <= max(math.sqrt(1 - energy), 1e-3)
    low, high = 0, 1
    largest = math.prod(sizes.values()) // max(sizes.values())
    while not fits(high):
        # This rank suffices for any kernel of this shape, but least squares may stop short of the solution.
        if high == largest:
            raise ValueError(
                f"energy is {energy}, but a cp decomposition of a kernel of shape {kernel.shape} with "
                f"{search['starts']} starts of {search['iterations']} iterations keeps {1 - error(largest) ** 2:.4f} "
                f"at the largest useful rank, {largest}; allow more iterations or starts, or ask for less energy"
            )
        low, high = high, min(2 * high, largest)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _cp(
    kernel: Kernel, sizes: dict[str, int], rank: int, iterations: int, rng: np.random.Generator, start: int
) -> dict:
    factors = [rng.normal(size=(size, rank)) for size in kernel.shape]
    if start == 0:
        for axis, factor in enumerate(factors):
            left = np.linalg.svd(np.moveaxis(kernel, axis, 0).reshape(len(factor), -1), full_matrices=False)[0]
            factor[:, : left.shape[1]] = left[:, :rank]
    initial = (np.ones(rank), factors)
    parafac = load_decompositions().parafac
    with faster_products():
        weights, factors = parafac(np.float64(kernel), rank, n_iter_max=iterations, init=initial, tol=1e-9)
    arrays = dict(zip(sizes, factors, strict=True)) | {"scale": weights}
    unit = normalize({name: jnp.float32(array) for name, array in arrays.items()})
    order = np.argsort(-np.abs(np.asarray(unit["scale"])))
    return {name: np.asarray(array)[..., order] for name, array in unit.items()}


def _tucker(kernel: Kernel, sizes: dict[str, int], ranks: Mapping[str, int], iterations: int) -> dict:
    rank = [ranks[name] for name in sizes]
    core, factors = load_decompositions().tucker(np.float64(kernel), rank=rank, n_iter_max=iterations, init="svd")
    return dict(zip(sizes, factors, strict=True)) | {"core": core}


def _tt(kernel: Kernel, sizes: dict[str, int], ranks: Mapping[str, int]) -> dict:
    inputs_first = np.moveaxis(np.float64(kernel), -2, 0)
    axes = list(sizes)[:-2]
    links = [ranks[name] for name in ("inputs", *axes)]
    first, *cores, last = load_decompositions().tensor_train(inputs_first, rank=[1, *links, 1])
    by_axis = {name: np.moveaxis(core, 0, 1) for name, core in zip(axes, cores, strict=True)}
    return {"inputs": first[0], **by_axis, "outputs": last[..., 0].T}


def _measure(kernel: Kernel, factors: dict[str, np.ndarray]) -> Decomposition:
    factors = {name: np.float32(array) for name, array in factors.items()}
    approximation = np.asarray(reconstruct({name: jnp.asarray(array) for name, array in factors.items()}))
    error = np.linalg.norm(approximation - kernel) / max(np.linalg.norm(kernel), 1e-30)
    return Decomposition(factors, float(error))


def _sizes(kernel: Kernel, axes: tuple[str, ...] | None) -> dict[str, int]:
    axes = DENSE_AXES.get(kernel.ndim - 2, ()) if axes is None else axes
    if not axes or len(axes) != kernel.ndim - 2 or not np.isfinite(kernel).all():
        raise ValueError(
            f"a kernel of shape {kernel.shape} for the axes {', '.join(axes) or 'none'}; expected finite values "
            "[taps of 1 to 4 axes.., input, output]"
        )
    return dict(zip((*axes, "inputs", "outputs"), kernel.shape, strict=True))
