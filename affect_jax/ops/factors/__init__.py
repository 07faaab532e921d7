"""Kernels as products of small arrays, all that can be done with one: the door to the `factor_*` files beside it.

`factor_forms` says what such a kernel is, `factor_initial` draws one, `factor_rank` gives it a size, `factor_growth`
gives and takes its time axis, `factor_convolution` convolves with it, `factor_selection` finds components to drop.
"""

from affect_jax.ops.factors.convolution import convolve, convolve_next, empty_past
from affect_jax.ops.factors.forms import AXES, FORMS, form_of, kernel_axes, kernel_sizes, parameter_count, reconstruct
from affect_jax.ops.factors.growth import drop_time, inflate, inflate_by_mean, lengthen, present_tap
from affect_jax.ops.factors.initial import draw, factor_std
from affect_jax.ops.factors.rank import Rank, array_shapes, resolve_rank
from affect_jax.ops.factors.selection import dropped, evenness, kept_components, normalized, through_norm
from affect_jax.ops.factors.stages import EXECUTIONS, execution_of

__all__ = [
    "AXES",
    "EXECUTIONS",
    "FORMS",
    "Rank",
    "array_shapes",
    "convolve",
    "convolve_next",
    "draw",
    "drop_time",
    "dropped",
    "empty_past",
    "evenness",
    "execution_of",
    "factor_std",
    "form_of",
    "inflate",
    "inflate_by_mean",
    "kept_components",
    "kernel_axes",
    "kernel_sizes",
    "lengthen",
    "normalized",
    "parameter_count",
    "present_tap",
    "reconstruct",
    "resolve_rank",
    "through_norm",
]
