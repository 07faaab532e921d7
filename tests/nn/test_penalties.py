"""The penalty on the sizes of components: its value and gradient in float64, and what it does not depend on."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.network import Network, names, with_names
from affect_jax.nn.penalties import evenness
from affect_jax.types import Predictions

TAPS = {"height": 3, "width": 3}
MODES = ("inputs", "outputs", "height", "width")


class TwoLayers(nnx.Module):
    """A linear layer, one with a norm after its first 1x1, and one that is not cp."""

    def __init__(self, *, rngs: nnx.Rngs):
        self.plain = FactorizedConv(3, 4, taps=TAPS, rank=5, rngs=rngs)
        self.normed = FactorizedConv(4, 4, taps=TAPS, rank=3, between="norm_relu", rngs=rngs)
        self.tucker = FactorizedConv(4, 2, taps=TAPS, form="tucker", rank=2, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        maps = self.tucker(self.normed(self.plain(images, rngs=rngs), rngs=rngs), rngs=rngs)
        return Predictions(valence_arousal=maps.mean((1, 2)))


def drawn(frozen: str = ""):
    network = Network(lambda rngs: TwoLayers(rngs=rngs), frozen=frozen)
    arrays, rng = names(network.initial(jax.random.key(0))), np.random.default_rng(0)
    values = {name: jnp.float32(rng.normal(size=array.shape)) for name, array in arrays.items()}
    return network, with_names(network.abstract, values)


def lengths(arrays: dict, layer: str) -> dict[str, np.ndarray]:
    """By mode; where a norm takes the length of "inputs" away, that of its scale and bias stands there."""
    columns = {mode: np.float64(arrays[f"{layer}/factors/{mode}"]) for mode in MODES}
    if f"{layer}/norm/scale" in arrays:
        columns["inputs"] = np.float64([arrays[f"{layer}/norm/scale"], arrays[f"{layer}/norm/bias"]])
    return {mode: np.linalg.norm(column, axis=0) for mode, column in columns.items()}


def evenness_slope(size: np.ndarray) -> np.ndarray:
    """Derivative of L1 over L2 by each size."""
    length = np.linalg.norm(size)
    return 1 / length - size.sum() * size / length**3


def test_value_and_gradient_are_those_of_the_closed_form():
    _, variables = drawn()
    arrays = names(variables)
    gradients = names(
        jax.grad(lambda trained: evenness(dataclasses.replace(variables, trained=trained)))(variables.trained)
    )
    total = 0.0
    for layer in ("plain", "normed"):
        scale, columns = np.float64(arrays[f"{layer}/factors/scale"]), lengths(arrays, layer)
        size = np.abs(scale) * np.prod(list(columns.values()), axis=0)
        slope = evenness_slope(size)
        total += size.sum() / np.linalg.norm(size)
        np.testing.assert_allclose(gradients[f"{layer}/factors/scale"], slope * size / scale, rtol=1e-4)
        for mode, length in columns.items():  # d |s| prod |c| / dc = size / |c| * c / |c|
            in_norm = layer == "normed" and mode == "inputs"
            parts = ("norm/scale", "norm/bias") if in_norm else (f"factors/{mode}",)
            for name in (f"{layer}/{part}" for part in parts):
                expected = np.float64(arrays[name]) * slope * size / length**2
                np.testing.assert_allclose(gradients[name], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(evenness(variables), total, rtol=1e-5)
    others = [name for name in gradients if "tucker" in name or name.endswith("normed/factors/inputs")]
    assert len(others) == 6 and all(not np.asarray(gradients[name]).any() for name in others)


def test_it_does_not_depend_on_which_factor_has_the_length_of_a_component():
    _, variables = drawn()
    arrays = dict(names(variables))
    share = {"inputs": 4.0, "outputs": 0.5, "height": 0.125, "width": 2.0, "scale": 2.0}  # their product is 1
    moved = {**arrays, **{f"plain/factors/{name}": arrays[f"plain/factors/{name}"] * by for name, by in share.items()}}
    np.testing.assert_allclose(evenness(with_names(variables, moved)), evenness(variables), rtol=1e-6)


def test_it_cannot_be_escaped_into_the_norm_after_the_first_1x1():
    _, variables = drawn()
    arrays, by = dict(names(variables)), jnp.float32([16, 1 / 16, 4])
    moved = {**arrays, "normed/factors/scale": arrays["normed/factors/scale"] / by}
    moved |= {name: arrays[name] * by for name in ("normed/norm/scale", "normed/norm/bias")}
    np.testing.assert_allclose(evenness(with_names(variables, moved)), evenness(variables), rtol=1e-6)
    nothing = with_names(variables, {**arrays, **{name: 0 * arrays[name] for name in moved if "normed/norm/" in name}})
    slopes = jax.grad(lambda trained: evenness(dataclasses.replace(nothing, trained=trained)))(nothing.trained)
    assert all(bool(jnp.isfinite(slope).all()) for slope in names(slopes).values())


def test_only_trained_kernels_count_and_with_none_it_is_refused():
    _, variables = drawn(frozen="plain/.*")
    arrays = names(variables)
    size = np.prod(list(lengths(arrays, "normed").values()), axis=0)
    size = np.abs(np.float64(arrays["normed/factors/scale"])) * size
    np.testing.assert_allclose(evenness(variables), size.sum() / np.linalg.norm(size), rtol=1e-5)
    with pytest.raises(ValueError, match=r"optimizer.sparsity needs factorized convolutions of form cp .* none"):
        evenness(Network(lambda rngs: TwoLayers(rngs=rngs), frozen="(plain|normed)/.*").abstract)


def test_while_only_the_time_factors_move_the_whole_component_is_measured():
    trunk = TrunkConfig(input_px=32, widths=(4, 4, 8), modules=1, depth=1)
    config = ClipNetworkConfig(trunk, HeadConfig(blocks=1, rank=3), ClipTimeConfig(pool=1))
    build = lambda rngs: ClipNetwork(config, rngs=rngs)
    part, whole = Network(build, frozen="(?!.*time).*"), Network(build)
    found = [evenness(network.initial(jax.random.key(0))) for network in (part, whole)]
    np.testing.assert_array_equal(*found)
    assert all("time" in name for name in names(part.abstract.trained))
