"""TensorLy's product in another order, and what is said where TensorLy is missing."""

import builtins

import numpy as np
import pytest

from affect_jax.ops.factors import tensorly_backend

tenalg = pytest.importorskip("tensorly.tenalg", reason="needs the extra 'decompose'")


@pytest.mark.parametrize("mode", range(4))
def test_the_product_taken_in_another_order_is_that_of_tensorly(mode):
    rng = np.random.default_rng(0)
    kernel, weights = rng.normal(size=(3, 2, 6, 5)), rng.normal(size=4)
    factors = [rng.normal(size=(size, 4)) for size in kernel.shape]
    theirs = tenalg.unfolding_dot_khatri_rao(kernel, (weights, factors), mode)
    np.testing.assert_allclose(
        tensorly_backend._contract_other_modes(kernel, (weights, factors), mode), theirs, rtol=1e-10
    )
    with tensorly_backend.faster_products():
        ours = tenalg.unfolding_dot_khatri_rao(kernel, (None, factors), mode)
    np.testing.assert_allclose(ours * weights, theirs, rtol=1e-10)
    assert tenalg.get_backend() == "core"


def test_a_missing_tensorly_is_named_with_the_command_that_installs_it(monkeypatch):
    real = builtins.__import__

    def absent(name, *rest):
        if name.startswith("tensorly"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"needs TensorLy: pip install 'affect_jax\[decompose\]'"):
        tensorly_backend.load_decompositions()
