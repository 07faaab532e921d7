import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from kernels64 import correlate, dense_kernel, drawn_factors

from affect_jax.ops.factors import EXECUTIONS, convolve, convolve_next, empty_past

SIZES = {"time": 4, "depth": 2, "height": 3, "width": 4}
TAPS = {"time": 3, "depth": 2, "height": 2, "width": 3}
AXES = {1: ("time",), 2: ("height", "width"), 3: ("time", "height", "width"), 4: tuple(SIZES)}
OFFERED = [(form, execution) for form, executions in EXECUTIONS.items() for execution in executions]

# what convolve is told, and by hand for each axis: zeros before, after, stride, dilation
SLIDING = {
    "same": ({}, {"time": (1, 1, 1, 1), "depth": (1, 0, 1, 1), "height": (1, 0, 1, 1), "width": (1, 1, 1, 1)}),
    "causal, steps and holes": (
        {"causal": True, "stride": {"height": 2, "depth": 2}, "dilation": {"time": 2, "width": 2}},
        {"time": (4, 0, 1, 2), "depth": (1, 0, 2, 1), "height": (1, 0, 2, 1), "width": (2, 2, 1, 2)},
    ),
    "padding of every kind": (
        {"stride": {"time": 2, "width": 3}, "padding": {"time": (0, 3), "depth": "valid", "width": (2, 0)}},
        {"time": (0, 3, 2, 1), "depth": (0, 0, 1, 1), "height": (1, 0, 1, 1), "width": (2, 0, 3, 1)},
    ),
}


def told(options: dict, axes: tuple[str, ...]) -> dict:
    """The options without the axes that the kernel lacks."""
    only = lambda value: {name: part for name, part in value.items() if name in axes}
    return {name: only(value) if isinstance(value, dict) else value for name, value in options.items()}


@functools.cache
def example(form: str, count: int, sliding: str) -> tuple:
    """Arrays, the outputs for them, a direction and the derivatives of their product, all in float64.

    A derivative along one random change of each array, by a complex step: exact to the last digits.
    """
    axes, rng = AXES[count], np.random.default_rng(1)
    arrays = drawn_factors(form, {name: TAPS[name] for name in axes}, inputs=3, outputs=4)
    arrays["signal"] = rng.normal(size=(2, *(SIZES[name] for name in axes), 3))
    slide = np.array([SLIDING[sliding][1][name] for name in axes]).T

    def outputs(arrays):
        return correlate(arrays["signal"], dense_kernel({n: a for n, a in arrays.items() if n != "signal"}), *slide)

    expected = outputs(arrays)
    direction = rng.normal(size=expected.shape)
    changes = {name: rng.normal(size=array.shape) for name, array in arrays.items()}
    slopes = {}
    for name, change in changes.items():
        moved = outputs(arrays | {name: arrays[name] + 1e-30j * change})
        slopes[name] = (moved.imag / 1e-30 * direction).sum()
    return arrays, expected, direction, changes, slopes


@pytest.mark.parametrize("sliding", SLIDING)
@pytest.mark.parametrize("count", AXES)
@pytest.mark.parametrize(("form", "execution"), OFFERED)
def test_outputs_and_gradients_are_those_of_the_dense_kernel_in_float64(form, execution, count, sliding):
    arrays, expected, direction, changes, slopes = example(form, count, sliding)
    options = told(SLIDING[sliding][0], AXES[count])

    @jax.jit
    def run(arrays, direction):
        factors = {name: array for name, array in arrays.items() if name != "signal"}
        result = convolve(arrays["signal"], factors, execution=execution, **options)
        return (result * direction).sum(), result

    gradient = jax.jit(jax.grad(run, has_aux=True))
    slope, found = gradient(*jax.tree.map(jnp.float32, (arrays, direction)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    for name, change in changes.items():
        terms = np.float64(slope[name]) * change
        np.testing.assert_allclose(terms.sum(), slopes[name], rtol=1e-5, atol=1e-5 * max(1, np.abs(terms).sum()))


STREAMED = {
    "plain": {},
    "holes in time, steps in space": {"dilation": {"time": 2}, "stride": {"height": 2}, "padding": {"width": "valid"}},
}


@pytest.mark.parametrize(
    ("form", "execution", "sliding"),
    [(*way, "plain") for way in OFFERED] + [("cp", "factors", "holes in time, steps in space")],
)
def test_any_chunks_of_a_stream_give_what_the_whole_gives(form, execution, sliding):
    options = STREAMED[sliding] | {"execution": execution}
    factors = jax.tree.map(jnp.float32, drawn_factors(form, {"time": 3, "height": 3, "width": 2}, 3, 4))
    signal = jnp.float32(np.random.default_rng(2).normal(size=(2, 21, 4, 3, 3)))
    whole = np.asarray(jax.jit(lambda s, f: convolve(s, f, True, **options))(signal, factors))
    following = jax.jit(lambda past, chunk, f: convolve_next(past, chunk, f, **options))
    for chunk in (1, 3, 7, 21):
        past, parts = empty_past((2, 1, 4, 3, 3), factors, **options), []
        assert past.shape[1] == 2 * options.get("dilation", {"time": 1})["time"]
        for start in range(0, 21, chunk):
            past, part = following(past, signal[:, start : start + chunk], factors)
            parts.append(part)
        np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-5, atol=1e-5)


def test_a_stream_along_time_alone_and_along_four_axes():
    for axes in (("time",), tuple(SIZES)):
        factors = jax.tree.map(jnp.float32, drawn_factors("cp", {name: TAPS[name] for name in axes}, 3, 4))
        signal = jnp.float32(np.random.default_rng(3).normal(size=(*(SIZES[name] for name in axes), 3)))
        past, parts = empty_past(signal.shape, factors), []
        for frame in range(4):
            past, part = convolve_next(past, signal[frame : frame + 1], factors)
            parts.append(part)
        np.testing.assert_allclose(np.concatenate(parts), convolve(signal, factors, True), rtol=1e-5, atol=1e-5)


def test_what_an_earlier_frame_was_changes_no_output_beyond_the_taps():
    factors = jax.tree.map(jnp.float32, drawn_factors("cp", {"time": 3, "height": 3, "width": 3}, 3, 4))
    signal = jnp.float32(np.random.default_rng(4).normal(size=(6, 3, 3, 3)))
    moved = convolve(signal.at[2].add(1.0), factors, True) - convolve(signal, factors, True)
    assert [bool(jnp.abs(frame).max() > 1e-6) for frame in moved] == [False, False, True, True, True, False]


def arrays_of(form: str, **taps: int) -> dict:
    return jax.tree.map(jnp.float32, drawn_factors(form, taps, 3, 4))


@pytest.mark.parametrize(
    ("form", "options", "message"),
    [
        ("tucker", {"execution": "depthwise"}, "execution 'depthwise' does not support kernels of form 'tucker'"),
        ("dense", {"execution": "factors"}, "'factors' does not support .* 'dense'; choose one of reconstructed"),
        ("cp", {"execution": "fast"}, "execution 'fast' does not support .* factors, depthwise, reconstructed"),
        ("cp", {"execution": "reconstructed", "between": jax.nn.relu}, "has no first 1x1 after which to apply"),
        ("cp", {"stride": {"time": 2}}, "stride names time, but the kernel slides along height, width"),
        ("cp", {"stride": 0}, "height: stride 0, dilation 1; expected both to be 1 or more"),
        ("cp", {"padding": "reflect"}, "height: padding is 'reflect'; expected 'same', 'valid' or"),
        ("cp", {"padding": {"width": (-1, 0)}}, r"width: padding is \(-1, 0\)"),
        ("tt", {"padding": "valid", "dilation": 9}, "span 19 positions, but the axis has 5 and its padding 0"),
    ],
)
def test_what_is_not_offered_is_refused(form, options, message):
    with pytest.raises(ValueError, match=message):
        convolve(jnp.zeros((5, 5, 3)), arrays_of(form, height=3, width=3), **options)


def test_arrays_that_make_no_kernel_are_named():
    with pytest.raises(ValueError, match="arrays height, inputs, outputs do not form a kernel; expected 'kernel'"):
        convolve(jnp.zeros((5, 5, 3)), {name: jnp.ones((3, 2)) for name in ("height", "inputs", "outputs")})


def test_only_a_kernel_of_time_with_stride_1_follows_a_stream():
    with pytest.raises(ValueError, match="slides along height, width; only one with a time axis"):
        empty_past((1, 5, 5, 3), arrays_of("cp", height=3, width=3))
    with pytest.raises(ValueError, match=r"time: stride 2, padding \(2, 0\); a stream needs stride 1"):
        empty_past((1, 5, 5, 5, 3), arrays_of("cp", time=3, height=3, width=3), stride=2)
