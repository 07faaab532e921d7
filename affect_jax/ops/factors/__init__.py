"""Factorized convolution kernels, and everything that can be done with one.

`forms` defines what such a kernel is, `initial` draws one, `rank` chooses its size, `growth` adds and removes its time
axis, `convolution` convolves with it, and `selection` finds components to drop.
"""

from affect_jax.ops.factors.convolution import convolve, convolve_next, empty_past
from affect_jax.ops.factors.forms import AXES, FORMS, form_of, kernel_axes, kernel_sizes, parameter_count, reconstruct
from affect_jax.ops.factors.growth import drop_time, inflate, inflate_by_mean, lengthen, present_tap
from affect_jax.ops.factors.initial import draw, factor_std
from affect_jax.ops.factors.rank import Rank, array_shapes, resolve_rank
from affect_jax.ops.factors.selection import drop_components, evenness, normalize, select_components, substitute_norm
from affect_jax.ops.factors.stages import EXECUTIONS, resolve_execution

__all__ = [
    "AXES",
    "EXECUTIONS",
    "FORMS",
    "Rank",
    "array_shapes",
    "convolve",
    "convolve_next",
    "draw",
    "drop_components",
    "drop_time",
    "empty_past",
    "evenness",
    "factor_std",
    "form_of",
    "inflate",
    "inflate_by_mean",
    "kernel_axes",
    "kernel_sizes",
    "lengthen",
    "normalize",
    "parameter_count",
    "present_tap",
    "reconstruct",
    "resolve_execution",
    "resolve_rank",
    "select_components",
    "substitute_norm",
]
