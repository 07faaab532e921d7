"""A network prepared for prediction says what the network says; whatever the execution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.execution import ConvShape, Execution
from affect_jax.nn.prepare import Identity, prepare

TRUNK = TrunkConfig(input_px=64, widths=(4, 8, 16), modules=2, depth=1)
STATIC = EmoNetConfig(TRUNK, HeadConfig(blocks=1, geometry=True), emotions=5)
CLIP = ClipNetworkConfig(TRUNK, HeadConfig(blocks=1, rank=64), ClipTimeConfig(pool=3), emotions=5)
NETWORKS = {"static": (EmoNet, STATIC, (2, 64, 64, 3)), "clip": (ClipNetwork, CLIP, (1, 2, 64, 64, 3))}


def unsettled(module: nnx.Module) -> nnx.Module:
    """In evaluation mode, with statistics, biases and heatmaps that are not those of the first day."""
    rng = np.random.default_rng(3)
    for _, part in nnx.iter_modules(module):
        if isinstance(part, nnx.BatchNorm):
            size = part.mean[...].shape
            part.mean[...], part.var[...] = jnp.float32(rng.normal(size=size)), jnp.float32(rng.uniform(0.5, 2, size))
            part.scale[...], part.bias[...] = jnp.float32(rng.uniform(0.5, 1, size)), jnp.float32(rng.normal(size=size))
        if isinstance(part, nnx.Linear) and part.bias is not None:
            part.bias[...] = jnp.float32(rng.normal(size=part.bias[...].shape))
    module.eval()
    return module


def outputs(module: nnx.Module, images: jax.Array) -> list[np.ndarray]:
    graphdef, state = nnx.split(module)
    predictions = jax.jit(lambda state, images: nnx.merge(graphdef, state)(images))(state, images)
    return [np.float32(leaf) for leaf in jax.tree.leaves(predictions)]


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    cls, config, shape = NETWORKS[request.param]
    images = jnp.float32(np.random.default_rng(1).uniform(0, 1, shape))
    module = unsettled(cls(config, rngs=nnx.Rngs(0)))
    return module, images, outputs(module, images)


@pytest.mark.parametrize("execution", [Execution(at_once=1), Execution(winograd=None)])
def test_prepared_network_predicts_the_same(network, execution):
    module, images, expected = network
    module = nnx.clone(module)
    module.set_attributes(execution=execution)
    prepare(module, jax.ShapeDtypeStruct(images.shape, jnp.float32), jnp.float32)
    parts = [part for _, part in nnx.iter_modules(module)]
    assert not any(isinstance(part, nnx.BatchNorm) for part in parts)
    assert sum(isinstance(part, Identity) for part in parts) == 4  # stem, two modules, and the head's
    transformed = [part for part in parts if isinstance(part, Conv3x3) and part.kernel[...].ndim == 3]
    assert bool(transformed) == (execution.winograd is None)
    for found, wanted in zip(outputs(module, images), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


def test_bfloat16_is_close(network):
    module, images, expected = network
    module = nnx.clone(module)
    prepare(module, jax.ShapeDtypeStruct(images.shape, jnp.float32), jnp.bfloat16)
    for found, wanted in zip(outputs(module, images.astype(jnp.bfloat16)), expected, strict=True):
        error = np.sqrt(np.mean((found - wanted) ** 2) / np.mean(wanted**2))
        assert 1e-5 < error < 0.05  # not the same numbers, but nearly


def test_a_layer_uses_winograd_only_where_its_execution_says_so(monkeypatch):
    used = []
    monkeypatch.setattr("affect_jax.ops.winograd.convolve", lambda maps, kernel: used.append(maps.shape) or maps)
    layer = Conv3x3(4, 4, rngs=nnx.Rngs(0))
    maps = {px: jnp.ones((2, px, px, 4)) for px in (8, 16, 32)}
    layer.execution = Execution(winograd=None)
    for each in maps.values():
        layer(each)
    assert used == [(2, 16, 16, 4), (2, 32, 32, 4)]
    used.clear()
    layer.execution = Execution(frozenset({ConvShape(False, 8, 8, 4, 4), ConvShape(True, 32, 32, 4, 4)}))
    for training in (True, False):
        layer.deterministic = not training
        for each in maps.values():
            layer(each)
    assert used == [(2, 32, 32, 4), (2, 8, 8, 4)]
