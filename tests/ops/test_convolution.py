"""Convolution against JAX's own, whose gradients XLA's fast code for CPUs does not take inside of loops."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.ops.convolution import LAYOUTS, convolve

# sizes of the images, taps, strides, zeros before and after, dilation
CASES = {
    "3x3, same size": ((6, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "stem": ((12, 10), (7, 7), (2, 2), ((3, 3), (3, 3)), (1, 1)),
    "inputs that no output uses": ((8, 9), (2, 3), (3, 2), ((0, 0), (1, 0)), (1, 1)),
    "dilated": ((9, 8), (3, 2), (1, 2), ((2, 2), (0, 3)), (2, 3)),
    "more zeros than taps": ((4, 5), (2, 1), (2, 1), ((3, 4), (2, 2)), (1, 1)),
    "along one axis": ((11,), (4,), (2,), ((3, 0),), (2,)),
    "along three": ((3, 4, 5), (3, 2, 3), (1, 2, 1), ((2, 0), (1, 1), (1, 1)), (1, 1, 1)),
}


def library(images, kernel, strides, padding, dilation, precision=None):
    layout = LAYOUTS[len(strides)]
    return jax.lax.conv_general_dilated(
        images, kernel, strides, padding, rhs_dilation=dilation, dimension_numbers=layout, precision=precision
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_outputs_and_both_gradients_are_those_of_the_library(case):
    sizes, taps, *rest = case
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        images, kernel = jnp.array(rng.normal(size=(2, *sizes, 3))), jnp.array(rng.normal(size=(*taps, 3, 4)))
        expected, library_gradients = jax.vjp(lambda *arrays: library(*arrays, *rest), images, kernel)
        outputs, gradients = jax.vjp(lambda *arrays: convolve(*arrays, *rest), images, kernel)
        np.testing.assert_array_equal(outputs, expected)
        cotangents = jnp.array(rng.normal(size=expected.shape))
        for found, wanted in zip(gradients(cotangents), library_gradients(cotangents), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_all_convolutions_of_a_loop_have_the_order_of_axes_that_is_fast_on_a_cpu():
    images, kernel = jnp.ones((3, 2, 8, 8, 4)), jnp.ones((3, 3, 4, 4))
    sizes = (1, 1), ((1, 1), (1, 1)), (1, 1)

    def orders(function):
        total = lambda images, kernel: jax.lax.map(lambda each: function(each, kernel, *sizes), images).sum()
        program = jax.jit(jax.grad(total, (0, 1))).lower(images, kernel).compile().as_text()
        return re.findall(r" convolution\(.*dim_labels=([^, ]+)", program)

    assert set(orders(convolve)) == {"b01f_01io->b01f"} and len(orders(convolve)) >= 2
    assert len(set(orders(library))) > 1  # else XLA has learned it, and `ops.convolution` is no longer needed


def test_the_gradient_has_the_precision_that_the_convolution_was_asked_for():
    sizes = (1, 1), ((1, 1), (1, 1)), (1, 1)

    def convolved(images, kernel):
        with jax.default_matmul_precision("highest"):
            return convolve(images, kernel, *sizes)

    program = str(jax.make_jaxpr(jax.grad(lambda *arrays: convolved(*arrays).sum(), (0, 1)))(*arrays()))
    assert program.count("Precision.HIGHEST, Precision.HIGHEST") == program.count("conv_general_dilated[") == 3


def arrays():
    return jnp.ones((2, 5, 6, 3)), jnp.ones((3, 3, 3, 4))


def test_other_devices_get_what_jax_writes(monkeypatch):
    sizes = (2, 1), ((1, 1), (1, 2)), (1, 1)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    own, plain = (
        str(jax.make_jaxpr(jax.grad(lambda *given, call=call: call(*given, *sizes).sum(), (0, 1)))(*arrays()))
        for call in (convolve, library)
    )
    assert own == plain
