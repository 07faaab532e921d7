"""Convolution kernels as sums of products of vectors (CP), and how such a kernel grows a time axis.

A kernel of rank R is a mapping of factors: "inputs" [input, R], "outputs" [output, R], "scale" [R] and, for each axis
it slides along, in order, a factor [taps, R] under the axis' name ("time", "height", "width").
    kernel[taps.., input, output] = sum_r scale[r] * inputs[input, r] * outputs[output, r] * prod_axis axis[tap, r]
Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020 (the linear form: nothing between the factors).
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

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


def depthwise(
    signal: Float[Array, "*axes rank"], taps: Float[Array, "taps rank"], axis: int, causal: bool = False
) -> Float[Array, "*axes rank"]:
    """Each channel correlated along `axis` with its own taps, zero outside; causal looks at the past only.

    Written as a sum of shifted copies: XLA for CPU compiles a grouped convolution to something 100 times slower. The
    product comes before the shift, which makes the gradient twice as fast there as slices of one padded array.
    """
    count, length = taps.shape[0], signal.shape[axis]
    before = count - 1 if causal else count // 2
    row = (1,) * (signal.ndim - 1) + (-1,)
    shifts = [tap - before for tap in range(count)]
    return sum(
        _ahead(signal * taps[tap].reshape(row), axis, shift) for tap, shift in enumerate(shifts) if abs(shift) < length
    )


def _ahead(signal: Array, axis: int, shift: int) -> Array:
    """Position t holds what was at t + shift, or zero."""
    length = signal.shape[axis]
    kept = jax.lax.slice_in_dim(signal, max(shift, 0), length + min(shift, 0), axis=axis)
    padding = [(0, 0)] * signal.ndim
    padding[axis] = (max(-shift, 0), max(shift, 0))
    return jnp.pad(kept, padding)


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
        mixed = depthwise(mixed, factors[name], axis, causal and name == "time")
    return mixed @ (factors["scale"][:, None] * factors["outputs"].T)
