"""Collectives are read from programs whose communication is known by hand."""

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from affect_jax.infer.collectives import Collective, Total, collectives, read_collectives, totals


@pytest.fixture(scope="module")
def place():
    """Shardings over two axes of four and two devices."""
    mesh = jax.make_mesh((4, 2), ("rows", "columns"), axis_types=(AxisType.Auto, AxisType.Auto))
    return lambda *axes: NamedSharding(mesh, P(*axes))


def compile_for(function, inputs, output, *shapes):
    arrays = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    return jax.jit(function, in_shardings=inputs, out_shardings=output).lower(*arrays).compile()


def test_a_sum_over_devices_is_one_all_reduce_of_its_result(place):
    found = collectives(compile_for(lambda values: values.sum(0), (place("rows"),), place(), (8, 6)))
    assert [(each.kind, each.bytes) for each in found] == [("all-reduce", 6 * 4)]
    assert "reduce_sum" in found[0].source


def test_a_gather_counts_what_each_device_then_holds(place):
    found = collectives(compile_for(lambda values: values, (place("rows"),), place(), (8, 6)))
    assert totals(found) == {"all-gather": Total(1, 8 * 6 * 4, 8 * 6 * 4)}


def test_a_shift_along_a_split_axis_moves_its_edge(place):
    found = collectives(compile_for(lambda v: jnp.roll(v, 1, 0), (place("rows"),), place("rows"), (8, 6)))
    assert totals(found) == {"collective-permute": Total(1, 6 * 4, 6 * 4)}


def test_a_program_without_communication_has_none(place):
    assert collectives(compile_for(lambda values: values * 2, (place("rows"),), place("rows"), (8, 6))) == ()


LINE = '  %name = {type} {kind}(%operand), channel_id=1, metadata={{op_name="jit(step)/source"}}'


@pytest.mark.parametrize(
    "kind, type, size",
    [
        ("all-reduce", "(f32[4]{0}, f64[2,3]{1,0})", 4 * 4 + 6 * 8),
        ("all-gather-start", "(f32[2,8]{1,0:T(8,128)}, bf16[16,8]{1,0:T(8,128)(2,1)})", 16 * 8 * 2),
        ("all-gather-start", "((f32[2], pred[2]), (f32[16], pred[16]))", 16 * 4 + 16),
        ("collective-permute-start", "(f32[5]{0}, f32[5]{0}, u32[], u32[])", 20),
        ("all-reduce-start", "f32[7]{0}", 28),
        ("reduce-scatter", "f8e4m3fn[3]{0}", 3),
    ],
)
def test_tuples_layouts_and_started_exchanges_are_read(kind, type, size):
    text = LINE.format(kind=kind, type=type)
    assert read_collectives(text) == (Collective(kind.removesuffix("-start"), size, "jit(step)/source"),)


def test_the_end_of_an_exchange_and_uses_of_it_are_not_counted():
    lines = [
        "  %done = f32[16]{0} all-gather-done(%all-gather-start.1)",
        "  %fusion = f32[16]{0} fusion(%all-gather.1), kind=kLoop, calls=%computation",
    ]
    assert read_collectives("\n".join(lines)) == ()


def test_totals_add_up_by_kind():
    found = (Collective("all-gather", 5, ""), Collective("all-reduce", 3, ""), Collective("all-gather", 7, ""))
    assert totals(found) == {"all-reduce": Total(1, 3, 3), "all-gather": Total(2, 12, 7)}
    assert totals(()) == {}
