"""First values of factorised kernels: arrays whose product has the wanted variance, whatever the form and order."""

import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.ops.factor_rank import array_shapes


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
    """Normal arrays of a kernel whose entries have mean 0 and `kernel_std`; `sizes` and `ranks` as in `factor_rank`.

    cp and tt: the same deviation in all arrays, scale 1. tucker: factors [size, r] of variance 1/r, which keep the
    variance, and a core that has the kernel's. With `inputs_std` the first 1x1 has that deviation, and `kernel_std` is
    that of the kernel which follows it. `new_key` is called once for each array but scale: inputs, axes, outputs, core.
    """
    shapes = array_shapes(form, sizes, ranks)
    alike = [name for name in shapes if name != "scale" and not (name == "inputs" and inputs_std)]
    if form == "cp":
        stds = dict.fromkeys(shapes, factor_std(kernel_std, 1 if inputs_std else ranks["rank"], len(alike)))
    elif form == "tucker":
        stds = {name: ranks.get(name, 1) ** -0.5 for name in shapes} | {"core": kernel_std}
    else:  # the variance is that of each array, times the terms of the sum over the links
        terms = math.prod(rank for name, rank in ranks.items() if name in alike)
        stds = dict.fromkeys(shapes, factor_std(kernel_std, terms, len(alike)))
    if inputs_std:
        stds["inputs"] = inputs_std
    drawn = [name for name in ("inputs", *shapes) if name in shapes and name != "scale"]
    factors = {name: stds[name] * jax.random.normal(new_key(), shapes[name]) for name in dict.fromkeys(drawn)}
    return factors | {"scale": jnp.ones(shapes["scale"])} if form == "cp" else factors
