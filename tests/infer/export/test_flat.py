import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from affect_jax.infer.export.flat import flat
from affect_jax.ops.depthwise import depthwise

TAPS = jnp.float32([[1, 0, 2], [3, 1, 0], [0, 1, 1]])


def primitives(jaxpr):
    found = set()
    for equation in jaxpr.eqns:
        found.add(equation.primitive.name)
        for value in equation.params.values():
            for part in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(part, "jaxpr", None)
                if inner is not None:
                    found |= primitives(inner)
    return found


def filtered(signal):
    padded = jnp.pad(signal, ((0, 0), (2, 1), (0, 0)), mode="edge")
    return (jax.nn.softmax(depthwise(jax.nn.relu(padded), TAPS, 1, before=1, after=1)),)


@pytest.mark.parametrize("batch", [2, "batch"])
def test_it_computes_the_same_without_calls_and_branches_for_one_device(batch):
    size = export.symbolic_shape("batch")[0] if batch == "batch" else batch
    shape = jax.ShapeDtypeStruct((size, 5, 3), jnp.float32)
    function = flat(filtered, [shape])
    traced = jax.make_jaxpr(function)(shape).jaxpr
    names = primitives(traced)
    assert {"platform_index", "cond", "custom_vjp_call", "custom_jvp_call", "jit"} & primitives(
        jax.make_jaxpr(filtered)(shape).jaxpr
    ) >= {"platform_index", "cond", "custom_vjp_call"}
    assert not names & {"platform_index", "cond", "custom_vjp_call", "custom_jvp_call", "jit"}
    for equation in traced.eqns:
        if equation.primitive.name == "concatenate":
            assert all(0 not in operand.aval.shape for operand in equation.invars)
    signal = jnp.float32(np.random.default_rng(0).normal(size=(2, 5, 3)))
    exported = export.export(jax.jit(function))(shape)
    np.testing.assert_allclose(exported.call(signal)[0], filtered(signal)[0], rtol=1e-6)


def test_a_branch_that_depends_on_the_data_stays():
    function = lambda value: (jax.lax.cond(value[0] > 0, lambda: value, lambda: -value),)
    shape = jax.ShapeDtypeStruct((2,), jnp.float32)
    assert "cond" in primitives(jax.make_jaxpr(flat(function, [shape]))(shape).jaxpr)
    assert flat(function, [shape])(jnp.float32([-1, 2]))[0].tolist() == [1, -2]
