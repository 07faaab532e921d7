"""Penalties on the parameters of layers: scalars that an objective adds to the loss."""

import re

from jaxtyping import Array, Float

from affect_jax.nn.network import Variables, names
from affect_jax.ops import factors

FACTOR = re.compile(r"(|.*/)factors/(\w+)")  # the arrays of a FactorizedConv


def evenness(variables: Variables) -> Float[Array, ""]:
    """`ops.factors.evenness` summed over the cp kernels that are trained.

    A kernel counts as trained if one of its arrays is. If a norm follows the first 1x1, its scale and bias count
    instead of the 1x1; see `ops.factors.substitute_norm`. ValueError if no cp kernel is trained.
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
                kernel = factors.substitute_norm(kernel, arrays[f"{norm}scale"], arrays[f"{norm}bias"])
            found.append(factors.evenness(kernel))
    if not found:
        raise ValueError("optimizer.sparsity needs factorized convolutions of form cp that are trained; there are none")
    return sum(found)
