"""The static network against the PyTorch reference: same weights, same outputs, same gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models.emonet import EmoNet, EmoNetConfig

torch = pytest.importorskip("torch")
from emonet_names import flat_state, our_array, our_place, take_weights  # noqa: E402
from emonet_torch import EmoNetReference, randomise  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = {"widths": (8, 16, 32), "modules": 2, "depth": 3, "head_blocks": 3, "emotions": 5}
HEADS = ("valence_arousal", "emotion_logits", "heatmaps")


def pair(input_px: int, **sizes) -> tuple[EmoNet, "EmoNetReference"]:
    reference = EmoNetReference(**sizes)
    randomise(reference, seed=0)
    config = EmoNetConfig(input_px=input_px, **sizes)
    model = EmoNet(config, rngs=nnx.Rngs(0))
    take_weights(model, reference.state_dict(), config.depth)
    return model, reference


def faces(count: int, px: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1, (count, px, px, 3)).astype(np.float32)


def torch_images(images: np.ndarray):
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


@pytest.mark.parametrize(
    ("input_px", "sizes"),
    [
        (64, SMALL),
        (64, {**SMALL, "attention": False}),
        (64, {**SMALL, "modules": 1}),
        (64, {**SMALL, "modules": 3, "depth": 2, "head_blocks": 4}),
        pytest.param(256, {}, id="published size"),
    ],
)
def test_all_outputs_agree_in_evaluation(input_px, sizes):
    model, reference = pair(input_px, **sizes)
    images = faces(1 if input_px == 256 else 3, input_px)
    model.eval()
    reference.eval()
    with torch.no_grad():
        expected = reference(torch_images(images))
    found = nnx.jit(lambda model, images: model(images))(model, jnp.asarray(images))
    for name in HEADS:
        np.testing.assert_allclose(getattr(found, name), expected[name].numpy(), rtol=1e-4, atol=1e-4, err_msg=name)


def test_published_state_dict_has_682_entries():
    assert len(EmoNetReference().state_dict()) == 682


def test_training_mode_gives_the_same_outputs_and_running_means():
    model, reference = pair(32, **{**SMALL, "depth": 2, "head_blocks": 2})
    images = faces(4, 32)
    model.train()
    reference.train()
    expected = reference(torch_images(images))
    found = nnx.jit(lambda model, images: model(images))(model, jnp.asarray(images))
    for name in HEADS:
        np.testing.assert_allclose(getattr(found, name), expected[name].detach().numpy(), rtol=2e-3, atol=2e-3)
    ours = flat_state(model)
    for name, tensor in reference.state_dict().items():
        if name.endswith("running_mean"):
            place = our_place(name, 1, 2)
            np.testing.assert_allclose(ours[place][...], tensor.numpy(), rtol=1e-3, atol=1e-3, err_msg=place)


def test_gradients_of_the_head_agree():
    model, reference = pair(64, **SMALL)
    images = faces(2, 64)
    model.eval()
    reference.eval()
    direction = np.random.default_rng(2).normal(size=(2, 7)).astype(np.float32)
    outputs = reference(torch_images(images))
    joined = torch.cat([outputs["emotion_logits"], outputs["valence_arousal"]], 1)
    (joined * torch.from_numpy(direction)).sum().backward()
    graphdef, params, rest = nnx.split(model, nnx.Param, ...)

    def value(params):
        predictions = nnx.merge(graphdef, params, rest, copy=True)(jnp.asarray(images))
        both = jnp.concatenate([predictions.emotion_logits, predictions.valence_arousal], axis=-1)
        return (both * jnp.asarray(direction)).sum()

    slopes = {"/".join(map(str, path)): leaf[...] for path, leaf in nnx.to_flat_state(jax.jit(jax.grad(value))(params))}
    compared = 0
    for name, parameter in reference.named_parameters():
        place = our_place(name, parameter.ndim, 3)
        expected = our_array(parameter.grad.numpy(), slopes[place].ndim)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(slopes[place], expected, rtol=1e-3, atol=1e-3 * scale, err_msg=place)
        compared += place.startswith("head/")
    assert compared == 2 + 3 * 9 + 6  # 1x1, three blocks of three norms and convolutions, the last layers
