"""Convolution kernels as sums of products of vectors (CP), and how such a kernel grows a time axis.

A kernel of rank R is a mapping of factors: "inputs" [input, R], "outputs" [output, R], "scale" [R] and, for each axis
it slides along, in order, a factor [taps, R] under the axis' name ("time", "height", "width").
    kernel[taps.., input, output] = sum_r scale[r] * inputs[input, r] * outputs[output, r] * prod_axis axis[tap, r]
Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020 (the linear form: nothing between the factors).
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.ops.depthwise import depthwise

AXES = ("time", "height", "width")  # the order in which a kernel's axes stand


def kernel_axes(factors: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the axes that the kernel slides along, in the order of the arrays."""
    return tuple(name for name in AXES if name in factors)


def reconstruct(factors: Mapping[str, Float[Array, "..."]]) -> Float[Array, "..."]:
    """The dense kernel [taps of each axis.., input, output]."""
    modes = [factors[name] for name in (*kernel_axes(factors), "inputs", "outputs")]
    letters = "abcde"[: len(modes)]
    return jnp.einsum(",".join(f"{letter}r" for letter in letters) + f",r->{letters}", *modes, factors["scale"])


def factor_std(kernel_std: float, rank: int, modes: int) -> float:
    """Standard deviation of normal factors whose product, summed over `rank`, has `kernel_std`; scale is 1.

    `modes` counts every factor with a [size, rank] shape: the kernel's axes, inputs and outputs.
    """
    return float((kernel_std / rank**0.5) ** (1 / modes))


def inflate(
    factors: Mapping[str, Float[Array, "..."]], taps: int, causal: bool = False
) -> dict[str, Float[Array, "..."]]:
    """Adds a time factor [taps, R] that says "this frame only": 1 at the middle tap (causal: the last), 0 elsewhere."""
    if "time" in factors:
        raise ValueError("the kernel has a time factor already; inflate the static kernel")
    if not causal and taps % 2 == 0:
        raise ValueError(f"time kernel has {taps} taps; a centred one needs an odd number, or choose causal")
    here = taps - 1 if causal else taps // 2
    scale = factors["scale"]
    return {**factors, "time": jnp.zeros((taps, scale.shape[0]), scale.dtype).at[here].set(1.0)}


def convolve(
    signal: Float[Array, "*axes input"], factors: Mapping[str, Float[Array, "..."]], causal: bool = False
) -> Float[Array, "*axes output"]:
    """The convolution with the reconstructed kernel ("same", stride 1), without building it; `causal` in time only.

    The kernel slides along the axes just before the channel; whatever stands before them is batch.
    """
    names = kernel_axes(factors)
    mixed = signal @ factors["inputs"]
    for place, name in enumerate(names):
        axis = signal.ndim - 1 - len(names) + place
        count = len(factors[name])
        before = count - 1 if causal and name == "time" else count // 2
        mixed = depthwise(mixed, factors[name], axis, before=before, after=count - 1 - before)
    return mixed @ (factors["scale"][:, None] * factors["outputs"].T)
