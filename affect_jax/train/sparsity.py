"""A penalty that drives whole components of factorized kernels to zero."""

import re

from jaxtyping import Array, Float

from affect_jax.nn.network import Variables, names
from affect_jax.ops import factors

FACTOR = re.compile(r"(|.*/)factors/(\w+)")  # a network's factorized kernels, told by the names of their arrays


def evenness(variables: Variables) -> Float[Array, ""]:
    """`ops.factor_selection.evenness` summed over the cp kernels that are trained.

    A kernel counts as trained if one of its arrays is. Where a norm follows the first 1x1, its scale and bias count
    instead of that: see `ops.factor_selection.through_norm`. ValueError where no cp kernel is trained.
    Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020, automatic rank selection.
    """
    arrays, trained, kernels = names(variables), set(names(variables.trained)), {}
    for name, array in arrays.items():
        if part := FACTOR.fullmatch(name):
            kernels.setdefault(part[1], {})[part[2]] = array
    found = []
    for layer, kernel in kernels.items():
        if factors.form_of(kernel) == "cp" and any(f"{layer}factors/{name}" in trained for name in kernel):
            if (norm := f"{layer}norm/") + "scale" in arrays:
                kernel = factors.through_norm(kernel, arrays[f"{norm}scale"], arrays[f"{norm}bias"])
            found.append(factors.evenness(kernel))
    if not found:
        raise ValueError("optimizer.sparsity needs factorized convolutions of form cp that are trained; there is none")
    return sum(found)
