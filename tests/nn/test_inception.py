"""Blocks inflated by the mean rule: a clip of a repeated image gives the features of the image away from its ends."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.convert.fold import inflate_kernels
from affect_jax.nn.inception import CLIP, Mixed, Unit
from affect_jax.nn.network import names, with_names

FRAMES = 9


def kernels_of_images(block: nnx.Module) -> dict[str, np.ndarray]:
    """Random arrays for a block, by flat name, whose kernels lack time."""
    rng = np.random.default_rng(0)
    arrays = {}
    for name, leaf in names(nnx.state(block)).items():
        shape = leaf.shape[1:] if name.endswith("kernel") else leaf.shape
        low, high = (0.5, 2.0) if name.endswith("var") else (-0.5, 0.5)
        arrays[name] = rng.uniform(low, high, shape).astype(np.float32)
    return arrays


def unit_of_images(arrays, path: str, image, stride: int = 1):
    """Convolution, norm and ReLU of an image, with XLA's own rule SAME."""
    order = ("NHWC", "HWIO", "NHWC")
    maps = jax.lax.conv_general_dilated(image, arrays[f"{path}kernel"], (stride,) * 2, "SAME", dimension_numbers=order)
    part = lambda name: np.asarray(arrays[f"{path}norm/{name}"])
    normed = (np.asarray(maps) - part("mean")) / np.sqrt(part("var") + 1e-3) + part("bias")
    return np.maximum(normed, 0)


def repeated(block: nnx.Module, arrays, image) -> np.ndarray:
    """The maps of a clip that repeats an image, of the inflated block."""
    named = {f"x/{name}": array for name, array in arrays.items()}
    inflated = {name.removeprefix("x/"): array for name, array in inflate_kernels(named).items()}
    nnx.update(block, with_names(nnx.state(block), {name: jnp.asarray(array) for name, array in inflated.items()}))
    block.eval()
    return np.asarray(block(jnp.repeat(image[:, None], FRAMES, axis=1)))[0]


@pytest.fixture(scope="module")
def image():
    return jnp.asarray(np.random.default_rng(1).uniform(-1, 1, (1, 6, 6, 3)), jnp.float32)


def test_a_strided_convolution_gives_the_features_of_the_image(image):
    unit = Unit(3, 4, 7, stride=2, axes=CLIP, rngs=nnx.Rngs(0))
    arrays = kernels_of_images(unit)
    found, expected = repeated(unit, arrays, image), unit_of_images(arrays, "", image, stride=2)[0]
    # Of five windows of 7 frames in 9, only the middle one lies inside the clip.
    np.testing.assert_allclose(found[2], expected, rtol=1e-5, atol=1e-5)
    assert np.abs(found[0] - expected).max() > 0.01


def test_a_block_gives_the_features_of_the_image(image):
    block = Mixed(3, (2, 2, 3, 1, 2, 2), axes=CLIP, rngs=nnx.Rngs(0))
    arrays = kernels_of_images(block)
    found = repeated(block, arrays, image)
    part = lambda path, maps: unit_of_images(arrays, path, maps)
    pooled = jax.lax.reduce_window(image, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    branches = [
        part("branch_0/", image),
        part("branch_1/1/", jnp.asarray(part("branch_1/0/", image))),
        part("branch_2/1/", jnp.asarray(part("branch_2/0/", image))),
        part("branch_3/", pooled),
    ]
    expected = np.concatenate(branches, axis=-1)[0]
    inside = found[1:-1]
    np.testing.assert_allclose(inside, np.stack([expected] * len(inside)), rtol=1e-5, atol=1e-5)
    assert np.abs(found[0] - expected).max() > 0.01
