"""TensorLy, imported on demand because it is an optional dependency, with a faster product for cp decompositions."""

from contextlib import AbstractContextManager
from types import ModuleType

import numpy as np


def load_decompositions() -> ModuleType:
    """The module `tensorly.decomposition`; ImportError with an install hint if TensorLy is missing."""
    try:
        import tensorly.decomposition
    except ImportError as error:
        raise ImportError("decomposing a kernel needs TensorLy: pip install 'affect_jax[decompose]'") from error
    return tensorly.decomposition


def faster_products() -> AbstractContextManager:
    """Reorders the products in TensorLy on which alternating least squares spend most of their time.

    TensorLy forms the Khatri-Rao product of all factors but one, a matrix that is huge when the remaining mode is an
    axis of only three taps.
    """
    from tensorly import tenalg
    from tensorly.tenalg.core_tenalg import CoreTenalgBackend

    class LongestFirst(CoreTenalgBackend, backend_name="longest_first"):
        """TensorLy's default tensor algebra with one product replaced."""

    LongestFirst.register_method("unfolding_dot_khatri_rao", _contract_other_modes)
    return tenalg.backend_context(LongestFirst(), local_threadsafe=True)


def _contract_other_modes(tensor: np.ndarray, weights_and_factors: tuple, mode: int) -> np.ndarray:
    """Contracts all modes but one with each component's columns, longest mode first; returns [size of the mode, R]."""
    weights, factors = weights_and_factors
    others = [axis for axis in range(tensor.ndim) if axis != mode]
    longest, *order = sorted(others, key=lambda axis: -tensor.shape[axis])
    remaining = [axis for axis in range(tensor.ndim) if axis != longest]
    result = np.tensordot(tensor, factors[longest], (longest, 0))
    for axis in order:
        result = np.einsum("...ar,ar->...r", np.moveaxis(result, remaining.index(axis), -2), factors[axis])
        remaining.remove(axis)
    return result if weights is None else result * weights
