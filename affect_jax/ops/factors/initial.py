"""Initialization of factorized kernels: the reconstructed kernel has a given variance, whatever the form and order."""

import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.ops.factors.rank import array_shapes


def factor_std(kernel_std: float, rank: int, modes: int) -> float:
    """Standard deviation of normal factors whose product, summed over `rank`, has `kernel_std`; the scale is 1.

    `modes` is the number of factors of shape [size, rank]: the kernel's axes, inputs and outputs.
    """
    return float((kernel_std / rank**0.5) ** (1 / modes))


def draw(
    new_key: Callable[[], PRNGKeyArray],
    form: str,
    sizes: Mapping[str, int],
    ranks: Mapping[str, int],
    kernel_std: float,
    inputs_std: float | None = None,
) -> dict[str, Float[Array, "..."]]:
    """Draws the arrays of a kernel whose entries have mean 0 and standard deviation `kernel_std`.

    cp and tt: all arrays have the same deviation, scale is 1. tucker: factors [size, r] have variance 1/r, which
    preserves the variance, and the core has that of the kernel.
    Columns (rows, in arrays wider than long) are orthogonal, and those of a cp kernel have equal length. Independent
    normal values have the same variance, but their products spread so widely that signals fade in a deep network: after
    20 layers of width 32 and rank 64 with three axes, a signal kept 0.13 (cp), 0.002 (tucker) and 0.29 (tt) of its size
    against 0.64 with dense kernels; with orthogonal columns, 0.38, 0.96 and 0.41 (geometric means of six draws;
    docs/results/signal_scale.md).

    Args:
        new_key: called once for each array but scale, in the order inputs, axes, outputs, core.
        form: one of `forms.FORMS`.
        sizes: as in `rank.resolve_rank`.
        ranks: as `rank.resolve_rank` returns them.
        kernel_std: of the reconstructed kernel, or, with `inputs_std`, of the kernel after the first 1x1.
        inputs_std: of the first 1x1 alone; None: like the other arrays.
    """
    shapes = array_shapes(form, sizes, ranks)
    stds = _array_stds(form, shapes, ranks, kernel_std, inputs_std)
    factors = {}
    for name in dict.fromkeys(["inputs", *shapes] if "inputs" in shapes else shapes):
        if name != "scale":
            initialize = _initializer(form, name)
            factors[name] = stds[name] * initialize(new_key(), shapes[name])
    return factors | {"scale": jnp.ones(shapes["scale"])} if form == "cp" else factors


def _array_stds(
    form: str,
    shapes: Mapping[str, tuple[int, ...]],
    ranks: Mapping[str, int],
    kernel_std: float,
    inputs_std: float | None,
) -> dict[str, float]:
    """Standard deviation of each array."""
    # The arrays that share the deviation of the kernel equally.
    shared = [name for name in shapes if name != "scale" and not (name == "inputs" and inputs_std)]
    if form == "dense":
        stds = {"kernel": kernel_std}
    elif form == "cp":
        stds = dict.fromkeys(shapes, factor_std(kernel_std, 1 if inputs_std else ranks["rank"], len(shared)))
    elif form == "tucker":
        stds = {name: ranks.get(name, 1) ** -0.5 for name in shapes} | {"core": kernel_std}
    else:
        # The sum over the links of a tensor train has as many terms as the product of their ranks.
        terms = math.prod(rank for name, rank in ranks.items() if name in shared)
        stds = dict.fromkeys(shapes, factor_std(kernel_std, terms, len(shared)))
    if inputs_std:
        stds["inputs"] = inputs_std
    return stds


def _initializer(form: str, name: str) -> Callable[[PRNGKeyArray, tuple[int, ...]], Array]:
    if name in ("core", "kernel"):
        return jax.random.normal
    return _orthogonal_equal_length if form == "cp" else _orthogonal


def _orthogonal(key: PRNGKeyArray, shape: tuple[int, ...]) -> Array:
    """Orthogonal columns (rows, if there are fewer of them), with entries of variance 1."""
    return jax.nn.initializers.orthogonal(max(math.prod(shape[:-1]), shape[-1]) ** 0.5)(key, shape)


def _orthogonal_equal_length(key: PRNGKeyArray, shape: tuple[int, ...]) -> Array:
    """Like `_orthogonal`, with every column scaled to a mean square of 1."""
    columns = _orthogonal(key, shape)
    return columns / jnp.sqrt(jnp.square(columns).mean(0))[None]
