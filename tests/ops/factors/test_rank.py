import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.ops.factors import (
    array_shapes,
    convolve,
    draw,
    form_of,
    inflate,
    parameter_count,
    reconstruct,
    resolve_rank,
)
from affect_jax.ops.factors.forms import DENSE_AXES

SIZES = {"height": 3, "width": 3, "inputs": 64, "outputs": 64}


def count(form: str, sizes: dict, ranks: dict) -> int:
    return sum(int(np.prod(shape)) for shape in array_shapes(form, sizes, ranks).values())


def test_a_number_is_the_rank_as_far_as_the_sizes_allow():
    assert resolve_rank("cp", SIZES, 100) == {"rank": 100}
    assert resolve_rank("tucker", SIZES, 100) == SIZES
    assert resolve_rank("tucker", SIZES, 8) == {"height": 3, "width": 3, "inputs": 8, "outputs": 8}
    # links of the chain 64, 3, 3, 64: at most min(what stands before, what stands after)
    assert resolve_rank("tt", SIZES, 1000) == {"inputs": 64, "height": 192, "width": 64}
    assert resolve_rank("tt", SIZES, 100) == {"inputs": 64, "height": 100, "width": 64}
    assert resolve_rank("dense", SIZES, 0) == {}


def test_a_fraction_of_the_dense_parameters_is_filled_but_not_passed():
    # 36,864 dense parameters; a component of cp has 3 + 3 + 64 + 64 + 1 = 135: 273 of them are 36,855
    assert resolve_rank("cp", SIZES, 1.0) == {"rank": 273}
    assert resolve_rank("cp", SIZES, 0.5) == {"rank": 136}
    for form in ("tucker", "tt"):
        for fraction in (0.1, 0.25, 0.5):
            ranks = resolve_rank(form, SIZES, fraction)
            step = {"inputs": 1, "outputs": 1, "height": 3, "width": 1} if form == "tt" else {"inputs": 1, "outputs": 1}
            more = {name: rank + step.get(name, 0) for name, rank in ranks.items()}
            assert count(form, SIZES, ranks) <= fraction * 36864 < count(form, SIZES, more), (form, fraction)
    assert resolve_rank("tt", SIZES, 1e-9) == {"inputs": 1, "height": 1, "width": 1}


def test_an_added_time_axis_takes_the_ranks_that_inflation_gives():
    taps = {"height": 3, "width": 3}
    for form, rank in (("cp", 5), ("tucker", 4), ("tt", 6), ("tucker", 0.3), ("tt", 0.3)):
        sizes = {**taps, "inputs": 6, "outputs": 7}
        ranks = tuple(resolve_rank(form, sizes, rank).items())
        static = {name: jnp.zeros(shape) for name, shape in array_shapes(form, sizes, dict(ranks)).items()}
        longer = {"time": 5, **sizes}
        expected = {name: array.shape for name, array in inflate(static, 5).items()}
        assert array_shapes(form, longer, resolve_rank(form, longer, ranks)) == expected


@pytest.mark.parametrize("fraction", [0.05, 0.25, 0.5, 0.9, 1.0])
def test_no_link_of_a_tensor_train_is_wider_than_those_before_it_can_fill(fraction):
    for inputs, outputs in ((8, 8), (16, 16), (32, 16)):
        ranks = resolve_rank("tt", {"height": 3, "width": 3, "inputs": inputs, "outputs": outputs}, fraction)
        assert ranks["inputs"] <= inputs and ranks["height"] <= 3 * ranks["inputs"]
        assert ranks["width"] <= 3 * ranks["height"]


@pytest.mark.parametrize(
    ("form", "rank", "message"),
    [
        ("cp", 0, "rank is 0; a kernel of form 'cp' needs a whole number of 1 or more"),
        ("tt", 1.5, r"rank is 1.5; .* a fraction .* above 0 and up to 1.0"),
        ("dense", 4, "rank is 4, but a dense kernel has none"),
        ("tucker", {"inputs": 3}, "needs one of 1 or more for height, width, inputs, outputs"),
        ("tt", {"inputs": 3, "height": 0, "width": 1}, "needs one of 1 or more for inputs, height, width"),
        (
            "tt",
            {"inputs": 2, "height": 7, "width": 3},
            "each link of a tensor train limits the next; at most: .*6",
        ),
    ],
)
def test_ranks_that_make_no_kernel_are_refused(form, rank, message):
    with pytest.raises(ValueError, match=message):
        resolve_rank(form, SIZES, rank)


@pytest.mark.parametrize(
    "axes", [("time",), ("height", "width"), ("time", "height", "width"), ("time", "depth", "height", "width")]
)
@pytest.mark.parametrize(("form", "rank"), [("cp", 200), ("tucker", 20), ("tt", 40)])
def test_a_drawn_kernel_has_the_wanted_spread(form, rank, axes):
    sizes = {**dict.fromkeys(axes, 3), "inputs": 24, "outputs": 20}
    factors = draw(nnx.Rngs(0).params, form, sizes, resolve_rank(form, sizes, rank), 0.1)
    assert form_of(factors) == form
    assert parameter_count(factors) == count(form, sizes, resolve_rank(form, sizes, rank))
    kernel = np.asarray(reconstruct(factors))
    assert kernel.shape == tuple(sizes.values())
    np.testing.assert_allclose(kernel.std(), 0.1, rtol=0.1)
    assert abs(kernel.mean()) < 0.01


def size_after_20_layers(form: str, axes: int, seed: int) -> float:
    """Root mean square of a signal that had 1, after 20 times ReLU and a layer of width 32; no borders, it wraps."""
    sizes = {**dict.fromkeys(DENSE_AXES[axes], 3), "inputs": 32, "outputs": 32}
    ranks, rngs = resolve_rank(form, sizes, 0 if form == "dense" else 64), nnx.Rngs(seed)
    std = (2 / (32 * 3**axes)) ** 0.5
    kernels = [reconstruct(draw(rngs.params, form, sizes, ranks, std)) for _ in range(20)]

    def layer(signal, kernel):
        wrapped = jnp.pad(jax.nn.relu(signal), [(1, 1)] * axes + [(0, 0)], mode="wrap")
        return convolve(wrapped, {"kernel": kernel}, padding="valid"), None

    signal = jax.random.normal(rngs.params(), (*[{1: 128, 2: 12, 3: 6, 4: 4}[axes]] * axes, 32))
    return (
        float(jnp.square(jax.jit(lambda s, k: jax.lax.scan(layer, s, k)[0])(signal, jnp.stack(kernels))).mean()) ** 0.5
    )


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
@pytest.mark.parametrize("form", ["dense", "cp", "tucker", "tt"])
def test_activations_keep_their_scale_through_20_layers(form, axes):
    found = np.log([size_after_20_layers(form, axes, seed) for seed in range(4 if axes < 4 else 2)]).mean()
    assert np.log(0.25) < found < np.log(2), np.exp(found)  # chance alone makes it fade: a dense kernel leaves 0.6
