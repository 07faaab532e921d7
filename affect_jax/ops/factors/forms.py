"""The four forms of a factorized kernel, each a mapping of named arrays, and the dense kernel that each represents.

A kernel slides along 1 to 4 axes, in the order of AXES, just before the channel. Its arrays are
    cp      "inputs" [input, R], "outputs" [output, R], "scale" [R], and a factor [taps, R] named after each axis:
            kernel[taps.., i, o] = sum_r scale[r] inputs[i, r] outputs[o, r] prod_axis axis[tap, r]
    tucker  "inputs" [input, P], "outputs" [output, Q], a factor [taps, A] named after each axis, "core" [A.., P, Q]:
            kernel[taps.., i, o] = sum core[a.., p, q] inputs[i, p] outputs[o, q] prod_axis axis[tap, a]
    tt      "inputs" [input, P], a core [taps, P, Q] named after each axis (the next axis starts from Q), "outputs"
            [output, Z]: kernel[taps.., i, o] = inputs[i] . axis[tap] . next_axis[tap] .. outputs[o] (matrix products)
    dense   "kernel" [taps.., input, output]; the number of axes determines which they are: time; height, width; time,
            height, width; all four.
Sources: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020 (cp, its linear form); Kim et al., Compression of deep
CNNs, ICLR 2016 (tucker); Oseledets, Tensor-train decomposition, SIAM J. Sci. Comput. 33(5), 2011 (tt).
"""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

AXES = ("time", "depth", "height", "width")  # a kernel's axes are always in this order
FORMS = ("cp", "tucker", "tt", "dense")
DENSE_AXES = {1: ("time",), 2: ("height", "width"), 3: ("time", "height", "width"), 4: AXES}


def form_of(factors: Mapping[str, Any]) -> str:
    """Infers the form from the names and dimensions of the arrays; ValueError if they do not form a kernel."""
    axes = [name for name in AXES if name in factors]
    names = set(factors) - set(axes)
    if names == {"kernel"} and not axes and factors["kernel"].ndim - 2 in DENSE_AXES:
        return "dense"
    if axes and names == {"inputs", "outputs", "scale"}:
        return "cp"
    if axes and names == {"inputs", "outputs", "core"}:
        return "tucker"
    if axes and names == {"inputs", "outputs"} and all(factors[name].ndim == 3 for name in axes):
        return "tt"
    raise ValueError(
        f"arrays {', '.join(sorted(factors))} do not form a kernel; expected 'kernel' of 3 to 6 dimensions, or "
        f"'inputs', 'outputs', one to four of {', '.join(AXES)}, and 'scale' (cp), 'core' (tucker) or nothing else (tt)"
    )


def kernel_axes(factors: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the axes that the kernel slides along, in order."""
    if "kernel" in factors:
        return DENSE_AXES[factors["kernel"].ndim - 2]
    return tuple(name for name in AXES if name in factors)


def kernel_sizes(factors: Mapping[str, Any]) -> dict[str, int]:
    """Size of each dimension of the dense kernel, by name: its axes in order, "inputs", "outputs"."""
    names = (*kernel_axes(factors), "inputs", "outputs")
    if "kernel" in factors:
        return dict(zip(names, factors["kernel"].shape, strict=True))
    return {name: factors[name].shape[0] for name in names}


def parameter_count(factors: Mapping[str, Any]) -> int:
    """Total number of parameters."""
    return sum(array.size for array in factors.values())


def reconstruct(factors: Mapping[str, Float[Array, "..."]]) -> Float[Array, "..."]:
    """Computes the dense kernel [taps of each axis.., input, output], in full precision on any device."""
    form, axes = form_of(factors), kernel_axes(factors)
    if form == "dense":
        return factors["kernel"]
    if form == "tt":
        chain = factors["inputs"]
        for name in axes:
            chain = jnp.einsum("...p,tpq->...tq", chain, factors[name], precision="highest")
        return jnp.moveaxis(jnp.einsum("...q,oq->...o", chain, factors["outputs"], precision="highest"), 0, -2)
    modes = [factors[name] for name in (*axes, "inputs", "outputs")]
    letters = "abcdef"[: len(modes)]
    if form == "cp":
        subscripts = ",".join(f"{letter}r" for letter in letters) + f",r->{letters}"
        return jnp.einsum(subscripts, *modes, factors["scale"], precision="highest")
    subscripts = ",".join(letter + letter.upper() for letter in letters) + f",{letters.upper()}->{letters}"
    return jnp.einsum(subscripts, *modes, factors["core"], precision="highest")
