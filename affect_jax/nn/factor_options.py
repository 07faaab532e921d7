"""Options of factorized layers: checked, and in a form that can be hashed."""

from collections.abc import Mapping

from affect_jax.ops import factors as ops
from affect_jax.ops.factors.forms import AXES, DENSE_AXES

BETWEEN = ("linear", "norm_relu")


def kernel_dimensions(taps: Mapping[str, int], inputs: int, outputs: int, form: str) -> dict[str, int]:
    """Returns the sizes of a kernel's dimensions in order; ValueError for an unknown form or unsupported axes."""
    if form not in ops.FORMS:
        raise ValueError(f"form is '{form}'; choose one of {', '.join(ops.FORMS)}")
    axes = tuple(name for name in AXES if name in taps)
    if len(axes) != len(taps) or not axes or min(taps.values()) < 1:
        raise ValueError(f"taps are {dict(taps)}; expected 1 or more for one to four of {', '.join(AXES)}")
    if form == "dense" and DENSE_AXES[len(axes)] != axes:
        supported = "; ".join(", ".join(names) for names in DENSE_AXES.values())
        raise ValueError(f"taps are {dict(taps)}; a dense kernel slides along one of: {supported}")
    return {**{name: taps[name] for name in axes}, "inputs": inputs, "outputs": outputs}


def check_options(form: str, execution: str, between: str, dropout: float) -> None:
    """Raises ValueError for options that are invalid or cannot be combined."""
    if between not in BETWEEN:
        raise ValueError(f"between is '{between}'; choose one of {', '.join(BETWEEN)}")
    if between == "norm_relu" and execution == "reconstructed":
        raise ValueError(
            "between is 'norm_relu', which has no equivalent dense kernel, but execution 'reconstructed' convolves "
            "with one; choose another execution or form, or between 'linear'"
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout is {dropout}; expected a probability from 0 to below 1")
    if dropout and form != "cp":
        raise ValueError(f"dropout is {dropout}, but only a cp kernel has components to drop; the form is '{form}'")


def to_pairs(value):
    """Converts a mapping to pairs, which can be hashed."""
    return tuple(value.items()) if isinstance(value, Mapping) else value


def from_pairs(value):
    """Converts pairs back to a mapping; other values of a stride, dilation or padding, such as (1, 1), stay as is."""
    pairs = isinstance(value, tuple) and all(isinstance(pair, tuple) for pair in value)
    return dict(value) if pairs else value
