"""Images of another dtype, size, layout or range are refused with what to do, wherever the library takes images."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.streaming import follower
from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.landmark_clip import LandmarkClipNetwork, LandmarkClipNetworkConfig
from affect_jax.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.network import Network
from affect_jax.ops.image import warp_image
from affect_jax.ops.image_checks import check_crops, check_photograph
from affect_jax.predict.predictor import Predictor
from affect_jax.types import Predictions

PX = 16
IMAGES = np.random.default_rng(0).uniform(0, 1, (2, PX, PX, 3)).astype(np.float32)
PIXELS = (IMAGES * 255).astype(np.uint8)
SHAPE = r"expected \[batch, 16, 16, 3\]"
WRONG = {
    "uint8": (
        PIXELS,
        "the images are uint8; expected RGB in .0, 1. as floating-point numbers: divide values of 0 to 255",
    ),
    "int32": (PIXELS.astype(np.int32), "the images are int32; .* divide values of 0 to 255 by 255"),
    "another size": (np.zeros((2, 24, 16, 3), np.float32), rf"shape \(2, 24, 16, 3\); {SHAPE}: cut or scale them"),
    "channels first": (IMAGES.transpose(0, 3, 1, 2), rf"shape \(2, 3, 16, 16\); {SHAPE}: channels come last"),
    "one image": (IMAGES[0], rf"shape \(16, 16, 3\); {SHAPE}: for a single image, images\[None\]"),
    "gray": (IMAGES[..., :1], rf"shape \(2, 16, 16, 1\); {SHAPE}$"),
    "with opacity": (np.ones((2, PX, PX, 4), np.float32), rf"shape \(2, 16, 16, 4\); {SHAPE}$"),
}
VALUES = {
    "0 to 255": (PIXELS.astype(np.float32), r"values from [\d.]+ to 25\d; expected RGB in .0, 1.*: divide by 255"),
    "standardized": ((IMAGES - 0.5) / 0.25, r"values from -\S+ to \S+; .*: do not normalize by a mean"),
    "not a number": (np.where(IMAGES > 0.5, np.nan, IMAGES), "values that are not finite numbers"),
}


@pytest.fixture
def as_users_run_it():
    """Turns off the checks of annotations, which only tests have."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


TRUNK, HEAD = TrunkConfig(PX, (4, 4, 4), modules=1, depth=1), HeadConfig(blocks=1, rank=2)
MODELS = {
    "emonet": (EmoNet, EmoNetConfig(TRUNK, HEAD), False),
    "landmarks": (LandmarkNetwork, LandmarkNetworkConfig(TRUNK), False),
    "clip": (ClipNetwork, ClipNetworkConfig(TRUNK, HEAD), True),
    "landmark_clip": (LandmarkClipNetwork, LandmarkClipNetworkConfig(TRUNK), True),
}


def zeros(network):
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), network.abstract)


@pytest.mark.parametrize("model", MODELS)
def test_every_network_refuses_them_while_it_is_traced(model, as_users_run_it):
    module, config, over_time = MODELS[model]
    network = Network(lambda rngs: module(config, rngs=rngs))
    for name in ("uint8", "another size", "channels first"):
        images = WRONG[name][0][None] if over_time else WRONG[name][0]
        with pytest.raises(ValueError, match="the images (are uint8|have shape .* channels|have shape .* cut)"):
            jax.eval_shape(network.predict, network.abstract, images)
    axes = (
        r"\[batch, time, 16, 16, 3\]: the time axis is missing" if over_time else r"\[batch, 16, 16, 3\]: for a single"
    )
    with pytest.raises(ValueError, match=axes):
        jax.eval_shape(network.predict, network.abstract, IMAGES if over_time else IMAGES[0])
    jax.eval_shape(network.predict, network.abstract, IMAGES[None] if over_time else IMAGES)


@pytest.mark.parametrize("name", WRONG | VALUES)
def test_crops_are_checked_by_shape_dtype_and_range(name):
    images, message = (WRONG | VALUES)[name]
    with pytest.raises(ValueError, match=message):
        check_crops(images, PX)
    with pytest.raises(ValueError, match=message):
        check_crops(jnp.asarray(images), PX)


def test_what_a_network_takes_passes():
    for images in (IMAGES, jnp.asarray(IMAGES, jnp.bfloat16), IMAGES[:0], IMAGES * 0, IMAGES[None], IMAGES + 0.005):
        check_crops(images, PX)
    check_crops(IMAGES[None], PX, over_time=True)
    constant = jnp.asarray(IMAGES)
    jax.eval_shape(lambda: check_crops(constant, PX))


def test_constants_of_a_program_that_is_traced_are_checked():
    good, bad = jnp.asarray(IMAGES), jnp.asarray(IMAGES) * 255

    def program(images):
        check_crops(images, PX)
        check_crops(good, PX)
        return images.sum()

    np.testing.assert_allclose(jax.jit(program)(bad), bad.sum(), rtol=1e-5)
    with pytest.raises(ValueError, match="divide by 255"):
        jax.jit(lambda images: check_crops(bad, PX))(good)


def test_a_compiled_network_refuses_a_range_and_a_dtype_that_it_was_not_compiled_for(as_users_run_it):
    module, config, _ = MODELS["landmarks"]
    network = Network(lambda rngs: module(config, rngs=rngs))
    ready, variables = CompiledNetwork(network), zeros(network)
    for name in ("0 to 255", "standardized"):
        with pytest.raises(ValueError, match=VALUES[name][1]):
            ready(variables, VALUES[name][0])
    for name in ("uint8", "another size"):
        with pytest.raises(ValueError, match=WRONG[name][1]):
            ready(variables, WRONG[name][0])


@pytest.mark.parametrize("name", WRONG | VALUES)
def test_a_predictor_refuses_them_before_it_calls_its_network(name, as_users_run_it):
    images, message = (WRONG | VALUES)[name]
    called = []

    def function(images) -> Predictions:
        called.append(images)
        return Predictions(valence_arousal=images.mean((1, 2))[:, :2])

    predictor = Predictor(function, PX, 2, None, ("valence_arousal",), "affectnet_8", 1.8)
    with pytest.raises(ValueError, match=message):
        predictor.values(images)
    assert not called
    np.testing.assert_allclose(predictor.values(IMAGES)["valence_arousal"], IMAGES.mean((1, 2))[:, :2], rtol=1e-6)


def test_a_stream_refuses_a_frame_of_pixels(as_users_run_it):
    config = ClipNetworkConfig(TRUNK, HEAD, ClipTimeConfig(causal=True))
    network = Network(lambda rngs: ClipNetwork(config, rngs=rngs))
    step = follower(network.module(zeros(network)), PX, "float32")(1)
    for images, message in (VALUES["0 to 255"], WRONG["uint8"], WRONG["channels first"]):
        with pytest.raises(ValueError, match=message.replace("[batch", "[batch, time").replace("(2, ", "(1, 1, ")):
            step(images[:1, None])


def test_photographs_are_uint8_with_channels_last(as_users_run_it):
    matrix = np.array([[1.0, 0, 0], [0, 1, 0]])
    photograph = PIXELS[0]
    wrong = {
        "the image is float32; expected RGB in 0 to 255 as uint8": IMAGES[0],
        r"shape \(3, 16, 16\); expected \[height, width, 3\]: channels come last": photograph.transpose(2, 0, 1),
        r"shape \(16, 16\); expected \[height, width, 3\]$": photograph[..., 0],
        r"shape \(2, 16, 16, 3\); expected \[height, width, 3\]$": PIXELS,
    }
    for message, image in wrong.items():
        with pytest.raises(ValueError, match=message):
            check_photograph(image)
        with pytest.raises(ValueError, match=message):
            warp_image(image, matrix, 8)
    np.testing.assert_array_equal(warp_image(photograph, matrix, 8), photograph[:8, :8])
