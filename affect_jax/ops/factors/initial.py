"""First values of factorized kernels: arrays whose product has the wanted variance, whatever the form and order."""

import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.ops.factors.rank import array_shapes


def factor_std(kernel_std: float, rank: int, modes: int) -> float:
    """Standard deviation of normal factors whose product, summed over `rank`, has `kernel_std`; scale is 1.

    `modes` counts every factor with a [size, rank] shape: the kernel's axes, inputs and outputs.
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
    """Arrays of a kernel whose entries have mean 0 and `kernel_std`; `sizes` and `ranks` as in `factor_rank`.

    cp and tt: the same deviation in all arrays, scale 1. tucker: factors [size, r] of variance 1/r, which keep the
    variance, and a core that has the kernel's. With `inputs_std` the first 1x1 has that deviation, and `kernel_std` is
    that of the kernel which follows it. `new_key` is called once for each array but scale: inputs, axes, outputs, core.
    Columns (of arrays wider than long, rows) are orthogonal, and those of a cp kernel as long as each other. Normal
    numbers have the same variance, but their products scatter so much that a deep network fades: after 20 layers of
    width 32 and rank 64 with three axes, a signal kept 0.13 (cp), 0.002 (tucker) and 0.29 (tt) of its size, against
    0.64 with dense kernels; now 0.38, 0.96 and 0.41 (geometric means of six draws).
    """
    shapes = array_shapes(form, sizes, ranks)
    alike = [name for name in shapes if name != "scale" and not (name == "inputs" and inputs_std)]
    if form == "dense":
        stds = {"kernel": kernel_std}
    elif form == "cp":
        stds = dict.fromkeys(shapes, factor_std(kernel_std, 1 if inputs_std else ranks["rank"], len(alike)))
    elif form == "tucker":
        stds = {name: ranks.get(name, 1) ** -0.5 for name in shapes} | {"core": kernel_std}
    else:  # the variance is that of each array, times the terms of the sum over the links
        terms = math.prod(rank for name, rank in ranks.items() if name in alike)
        stds = dict.fromkeys(shapes, factor_std(kernel_std, terms, len(alike)))
    if inputs_std:
        stds["inputs"] = inputs_std
    factors = {}
    for name in dict.fromkeys(["inputs", *shapes] if "inputs" in shapes else shapes):
        if name != "scale":
            first = jax.random.normal if name in ("core", "kernel") else _level if form == "cp" else _orthogonal
            factors[name] = stds[name] * first(new_key(), shapes[name])
    return factors | {"scale": jnp.ones(shapes["scale"])} if form == "cp" else factors


def _orthogonal(key: PRNGKeyArray, shape: tuple[int, ...]) -> Array:
    """Entries of variance 1; the columns, or where there are more of them than rows the rows, are orthogonal."""
    return jax.nn.initializers.orthogonal(max(math.prod(shape[:-1]), shape[-1]) ** 0.5)(key, shape)


def _level(key: PRNGKeyArray, shape: tuple[int, ...]) -> Array:
    """The same with columns whose entries have a mean square of 1."""
    columns = _orthogonal(key, shape)
    return columns / jnp.sqrt(jnp.square(columns).mean(0))[None]
