import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from kernels64 import correlate, dense_kernel

from affect_jax.nn.factorized import FactorizedConv, factorized
from affect_jax.nn.joint_factors import JointFactors
from affect_jax.ops.factors import EXECUTIONS, convolve

SPACE = {"height": 3, "width": 3}


def noise(*shape: int, seed: int = 0) -> jax.Array:
    return jnp.float32(np.random.default_rng(seed).normal(size=shape))


def arrays64(layer: FactorizedConv) -> dict[str, np.ndarray]:
    return {name: np.float64(array) for name, array in layer.arrays().items()}


@pytest.mark.parametrize(
    ("form", "rank"), [("cp", 5), ("tucker", 0.5), ("tt", {"inputs": 2, "height": 3, "width": 4}), ("dense", 0)]
)
def test_layer_is_the_convolution_with_its_kernel_plus_its_bias(form, rank):
    options = {"stride": {"height": 2}, "padding": {"width": (1, 0)}, "use_bias": True}
    layer = FactorizedConv(3, 4, taps=SPACE, form=form, rank=rank, **options, rngs=nnx.Rngs(0))
    layer.bias[...] = noise(4)
    signal = noise(2, 5, 4, 3)
    expected = correlate(np.float64(signal), dense_kernel(arrays64(layer)), (1, 1), (1, 0), (2, 1), (1, 1))
    np.testing.assert_allclose(layer(signal), expected + np.float64(layer.bias[...]), rtol=1e-5, atol=1e-5)
    assert (layer.form, layer.inputs, layer.outputs, layer.frames) == (form, 3, 4, 1)
    again = FactorizedConv(3, 4, taps={"time": 3, **SPACE}, form=form, rank=layer.rank, rngs=nnx.Rngs(1))
    assert again.frames == 3


@pytest.mark.parametrize("execution", ["factors", "depthwise"])
def test_norm_and_relu_stand_between_the_first_1x1_and_the_rest(execution):
    layer = FactorizedConv(3, 4, taps=SPACE, rank=5, between="norm_relu", execution=execution, rngs=nnx.Rngs(0))
    layer.norm.mean[...], layer.norm.var[...] = noise(5), jnp.exp(noise(5, seed=1))
    layer.norm.scale[...], layer.norm.bias[...] = noise(5, seed=2), noise(5, seed=3)
    layer.eval()
    signal, arrays = noise(2, 5, 4, 3), arrays64(layer)
    mean, var, scale, bias = (
        np.float64(part[...]) for part in (layer.norm.mean, layer.norm.var, layer.norm.scale, layer.norm.bias)
    )
    mixed = np.float64(signal) @ arrays["inputs"]
    mixed = np.maximum((mixed - mean) / np.sqrt(var + 1e-5) * scale + bias, 0)
    rest = dense_kernel(arrays | {"inputs": np.eye(5)})
    expected = correlate(mixed, rest, (1, 1), (1, 1), (1, 1), (1, 1))
    np.testing.assert_allclose(layer(signal), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("form", "rank"), [("cp", 64), ("tucker", 24), ("tt", 32)])
def test_layer_with_a_norm_starts_with_outputs_of_size_1(form, rank):
    layer = FactorizedConv(32, 32, taps=SPACE, form=form, rank=rank, between="norm_relu", rngs=nnx.Rngs(1))
    found = layer(7 * noise(4, 24, 24, 32))
    assert 0.8 < float(jnp.square(found).mean()) ** 0.5 < 1.25


@pytest.mark.parametrize("between", ["linear", "norm_relu"])
def test_stream_through_the_layer_equals_the_whole_clip(between):
    layer = FactorizedConv(
        3, 4, taps={"time": 3, **SPACE}, rank=5, causal=True, use_bias=True, between=between, rngs=nnx.Rngs(2)
    )
    layer.bias[...] = noise(4)
    clip = noise(2, 7, 4, 4, 3)
    layer(clip)  # statistics
    layer.eval()
    past, parts = layer.start((2, 4, 4, 3)), []
    for start, stop in ((0, 1), (1, 4), (4, 7)):
        past, part = layer.next(past, clip[:, start:stop])
        parts.append(part)
    np.testing.assert_allclose(jnp.concatenate(parts, 1), layer(clip), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="the layer looks ahead"):
        FactorizedConv(3, 4, taps={"time": 3, **SPACE}, rank=5, rngs=nnx.Rngs(0)).start((1, 4, 4, 3))


@pytest.mark.parametrize("between", ["linear", "norm_relu"])
def test_pruned_layer_is_smaller_and_gives_the_same(between):
    layer = FactorizedConv(3, 4, taps=SPACE, rank=5, between=between, rngs=nnx.Rngs(3))
    signal = noise(2, 5, 4, 3)
    layer(signal)
    layer.eval()
    layer.factors["scale"][...] = noise(5, seed=1).at[0].set(0.0)
    layer.factors["width"][...] = layer.factors["width"][...].at[:, 3].set(0.0)
    small = layer.prune()
    assert small.rank == (("rank", 3),) and {array.shape[-1] for array in small.arrays().values()} == {3}
    np.testing.assert_allclose(small(signal), layer(signal), rtol=1e-5, atol=1e-6)
    assert layer.arrays()["scale"].shape == (5,)
    sizes, width = np.asarray(layer.component_sizes()), layer.arrays()["width"]
    order = np.argsort(sizes)
    two = layer.prune(float(sizes[order[2]])).arrays()["width"]  # the third smallest goes, too
    np.testing.assert_array_equal(two, width[:, np.sort(order[3:])])
    np.testing.assert_array_equal(layer.prune(1e9).arrays()["width"], width[:, order[-1:]])  # the largest stays


def with_a_norm(rank: int = 5) -> FactorizedConv:
    """A layer in evaluation mode whose norm has the numbers of no initialization."""
    layer = FactorizedConv(3, 4, taps=SPACE, rank=rank, between="norm_relu", rngs=nnx.Rngs(3))
    for seed, part in enumerate((layer.norm.mean, layer.norm.scale, layer.norm.bias)):
        part[...] = noise(rank, seed=seed)
    layer.eval()
    return layer


def test_size_that_moves_between_scale_and_norm_changes_neither_outputs_nor_components_nor_what_is_kept():
    layer, signal = with_a_norm(), noise(2, 5, 4, 3)
    moved = nnx.clone(layer)
    by = jnp.float32([64, 1 / 64, 8, 1 / 8, 1])
    moved.factors["scale"][...] /= by
    moved.norm.scale[...] *= by
    moved.norm.bias[...] *= by
    np.testing.assert_allclose(moved(signal), layer(signal), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(moved.component_sizes(), layer.component_sizes(), rtol=1e-5)
    for threshold in np.sort(layer.component_sizes())[:4] * 1.01:
        kept, expected = (np.asarray(each.prune(float(threshold)).factors["height"][...]) for each in (moved, layer))
        np.testing.assert_array_equal(kept, expected)


def test_a_component_whose_norm_gives_zero_goes_and_one_that_gives_its_bias_alone_stays():
    layer, signal = with_a_norm(), noise(2, 5, 4, 3)
    layer.norm.scale[...] = layer.norm.scale[...].at[jnp.array([1, 2])].set(0.0)
    layer.norm.bias[...] = jnp.abs(layer.norm.bias[...]).at[1].set(0.0)
    small = layer.prune()
    np.testing.assert_array_equal(small.factors["height"][...], np.delete(layer.factors["height"][...], 1, axis=1))
    np.testing.assert_allclose(small(signal), layer(signal), rtol=1e-5, atol=1e-6)


def test_components_are_dropped_in_training_only_and_by_the_key():
    layer = FactorizedConv(3, 4, taps=SPACE, rank=2, dropout=0.5, rngs=nnx.Rngs(4))
    signal = noise(5, 4, 3)
    call = lambda seed: np.asarray(layer(signal, rngs=nnx.Rngs(dropout=seed)))
    np.testing.assert_array_equal(call(0), call(0))
    # rank 2, p 0.5: both with 1/4, each alone with 3/8, divided by 1 - 1/2 + 1/8
    alone = [np.asarray(convolve(signal, {n: a[..., [r]] for n, a in layer.arrays().items()})) for r in (0, 1)]
    patterns = [alone[0] / 0.625, alone[1] / 0.625, (alone[0] + alone[1]) / 0.625]
    seen = {int(np.argmin([np.abs(found - pattern).max() for pattern in patterns])) for found in map(call, range(12))}
    assert seen == {0, 1, 2}
    assert min(np.abs(call(0) - pattern).max() for pattern in patterns) < 1e-5
    with pytest.raises(ValueError, match=r"drops components in training; call it with rngs=nnx.Rngs\(dropout=key\)"):
        layer(signal)
    layer.eval()
    np.testing.assert_allclose(layer(signal), alone[0] + alone[1], rtol=1e-5, atol=1e-5)


def joint_outputs(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The signal through three layers, one after the other, with their dense kernels."""
    names = ("layers", "height", "width", "inputs", "outputs", "scale")
    signal = arrays["signal"]
    for kernel in np.einsum("nr,ar,br,ir,or,r->nabio", *(arrays[name] for name in names)):
        signal = correlate(signal, kernel, (1, 1), (1, 1), (1, 1), (1, 1))
    return signal


@pytest.fixture(scope="module")
def joint() -> tuple[JointFactors, dict, np.ndarray, dict]:
    """Three layers, their arrays, a direction, and the derivative of outputs times direction by each number.

    In float64; the derivatives by a complex step.
    """
    module, rng = JointFactors(3, 4, 4, taps=SPACE, rank=6, rngs=nnx.Rngs(5)), np.random.default_rng(0)
    drawn = {name: factor[...] for name, factor in module.factors.items()} | {"layers": module.layers[...]}
    arrays = {name: np.float64(array) for name, array in drawn.items()}
    arrays["scale"] = np.float64(np.float32(rng.uniform(0.5, 2, 6)))
    module.factors["scale"][...] = jnp.float32(arrays["scale"])
    arrays["signal"], direction = np.float64(noise(5, 4, 4)), np.float64(noise(5, 4, 4, seed=1))
    slopes = {name: np.zeros(array.shape) for name, array in arrays.items()}
    for name, array in arrays.items():
        for place in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[place] += 1e-30j
            slopes[name][place] = (joint_outputs(arrays | {name: moved}).imag / 1e-30 * direction).sum()
    return module, arrays, direction, slopes


@pytest.mark.parametrize("execution", EXECUTIONS["cp"])
def test_layers_with_joint_factors_and_their_gradients_equal_the_dense_ones(joint, execution):
    module, arrays, direction, slopes = joint
    graphdef, numbers = nnx.split(module)

    @functools.partial(jax.grad, argnums=(0, 1), has_aux=True)
    def gradients(numbers, signal):
        layers = nnx.merge(graphdef, numbers)
        for number in range(3):
            signal = convolve(signal, layers.layer(number), execution=execution)
        return (signal * jnp.float32(direction)).sum(), signal

    (of_numbers, of_signal), outputs = jax.jit(gradients)(numbers, jnp.float32(arrays["signal"]))
    found = {path[-1]: leaf[...] for path, leaf in nnx.to_flat_state(of_numbers)} | {"signal": of_signal}
    assert found.keys() == slopes.keys()
    for got, expected in ((outputs, joint_outputs(arrays)), *((found[name], slope) for name, slope in slopes.items())):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * max(1, np.abs(expected).max()))


def test_a_layer_of_joint_factors_has_its_row_in_its_scale_and_shares_all_else(joint):
    module, arrays, *_ = joint
    for number in range(3):
        layer = module.layer(number)
        np.testing.assert_allclose(layer.pop("scale"), arrays["scale"] * arrays["layers"][number], rtol=1e-6)
        for name, array in layer.items():
            np.testing.assert_array_equal(array, module.factors[name][...])
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(module))) == 6 * (3 + 3 + 3 + 4 + 4 + 1)


def test_joint_kernels_have_hes_spread_on_the_whole():
    joint = JointFactors(4, 16, 16, taps=SPACE, rank=64, rngs=nnx.Rngs(6))
    kernels = [dense_kernel({n: np.float64(a) for n, a in joint.layer(number).items()}) for number in range(4)]
    np.testing.assert_allclose(np.std(kernels), (2 / (16 * 9)) ** 0.5, rtol=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "svd", "rank": 2}, "form is 'svd'; choose one of cp, tucker, tt, dense"),
        ({"rank": 0}, "rank is 0; a kernel of form 'cp' needs"),
        ({"rank": 2, "form": "dense"}, "rank is 2, but a dense kernel has none"),
        ({"rank": 2, "taps": {"length": 3}}, "taps are {'length': 3}; expected 1 or more for one to four of time"),
        (
            {"form": "dense", "taps": {"time": 3, "height": 3}},
            "a dense kernel slides along one of: time; height, width",
        ),
        ({"rank": 2, "between": "gelu"}, "between is 'gelu'; choose one of linear, norm_relu"),
        ({"rank": 2, "between": "norm_relu", "execution": "reconstructed"}, "has no equivalent dense kernel"),
        ({"rank": 2, "dropout": 1.0}, "dropout is 1.0; expected a probability from 0 to below 1"),
        ({"rank": 2, "form": "tt", "dropout": 0.5}, "only a cp kernel has components to drop; the form is 'tt'"),
        ({"rank": 2, "form": "tt", "execution": "depthwise"}, "'depthwise' does not support kernels of form 'tt'"),
        ({"rank": 2, "stride": {"time": 2}}, "stride names time, but the kernel slides along height, width"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        FactorizedConv(3, 4, **{"taps": SPACE} | options, rngs=nnx.Rngs(0))


def test_one_pair_of_paddings_is_that_of_every_axis():
    layer = lambda padding: FactorizedConv(3, 4, taps=SPACE, rank=5, padding=padding, rngs=nnx.Rngs(0))
    signal = jnp.float32(np.random.default_rng(0).normal(size=(2, 6, 7, 3)))
    named = layer(dict.fromkeys(SPACE, (1, 1)))
    np.testing.assert_array_equal(layer((1, 1))(signal), named(signal))


def test_factory_hands_its_options_on():
    layer = factorized(SPACE, 4, form="tucker", between="norm_relu")(3, 5, rngs=nnx.Rngs(0))
    assert (layer.form, layer.between, layer.outputs) == ("tucker", "norm_relu", 5)
