"""The static network against the PyTorch reference: same weights, same values block by block, same gradients."""

import contextlib
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig

torch = pytest.importorskip("torch")
from emonet_names import flat_state, our_array, our_module, our_place, take_weights  # noqa: E402
from emonet_torch import Block, EmoNetReference, Hourglass, calibrate, randomize  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = {"widths": (8, 16, 32), "modules": 2, "depth": 3, "head_blocks": 3, "emotions": 5}
DEEP = {"widths": (4, 8, 16), "depth": 4, "head_blocks": 4, "emotions": 5}  # depth and head as published
HEADS = {"valence_arousal": "valence_arousal", "emotion": "emotion_logits", "landmarks": "heatmaps"}  # ours, PyTorch's
CASES = {
    "published size": (256, {}),
    "1 module": (64, {**DEEP, "modules": 1}),
    "2 modules without attention": (64, {**DEEP, "modules": 2, "attention": False}),
    "3 modules": (64, {**DEEP, "modules": 3, "depth": 2}),  # fewer blocks: compilation is what takes the time here
    "4 modules without attention": (64, {**DEEP, "modules": 4, "depth": 2, "attention": False}),
    "128 px": (128, {**DEEP, "modules": 1}),
    "192 px without attention": (192, {**DEEP, "modules": 1, "attention": False}),
    "320 px": (320, {**DEEP, "modules": 1}),
}


def pair(input_px: int, calibrated: bool = False, **sizes) -> tuple[EmoNet, "EmoNetReference"]:
    reference = EmoNetReference(**sizes)
    randomize(reference, seed=0)
    if calibrated:
        calibrate(reference, input_px, seed=1)
    head = HeadConfig(sizes.pop("head_blocks", 4), attention=sizes.pop("attention", True))
    emotions = sizes.pop("emotions", 8)
    config = EmoNetConfig(TrunkConfig(input_px, **sizes), head, emotions=emotions)
    model = nnx.eval_shape(lambda: EmoNet(config, rngs=nnx.Rngs(0)))  # drawing first numbers would take seconds
    take_weights(model, reference.state_dict(), config.trunk.depth)
    return model, reference


def faces(count: int, px: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1, (count, px, px, 3)).astype(np.float32)


def torch_images(images: np.ndarray):
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def channels_last(tensor) -> np.ndarray:
    array = tensor.detach().numpy()
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


@contextlib.contextmanager
def recording(model: nnx.Module) -> Iterator[dict]:
    """While it lasts, every sub-module's result is kept under its path, and what it was given under "<path> input"."""
    paths = {id(part): "/".join(map(str, path)) for path, part in nnx.iter_modules(model)}
    kinds = {type(part): type(part).__call__ for _, part in nnx.iter_modules(model) if "__call__" in vars(type(part))}
    seen: dict = {}

    def recorded(original):
        def call(self, *given, **options):
            result = original(self, *given, **options)
            if id(self) in paths:
                seen[paths[id(self)]], seen[f"{paths[id(self)]} input"] = result, given[0]
            return result

        return call

    try:
        for kind, original in kinds.items():
            kind.__call__ = recorded(original)
        yield seen
    finally:
        for kind, original in kinds.items():
            kind.__call__ = original


def ours(model: EmoNet, images: np.ndarray) -> tuple[dict, dict]:
    """Outputs, and everything seen on the way."""
    model.eval()
    graphdef, state = nnx.split(model)

    def value(state, images):
        module = nnx.merge(graphdef, state, copy=True)
        with recording(module) as seen:
            return module(images), dict(seen)

    quick = {"xla_backend_optimization_level": 0}  # compiles three times as fast
    return jax.jit(value, compiler_options=quick)(state, jnp.asarray(images))


def theirs(reference: "EmoNetReference", images: np.ndarray):
    """The same of the reference, under our names."""
    expected, depth = {}, next(part for part in reference.modules() if isinstance(part, Hourglass)).depth
    kept = (torch.nn.Conv2d, torch.nn.Linear, torch.nn.BatchNorm2d, torch.nn.BatchNorm1d)
    for name, part in reference.named_modules():
        if isinstance(part, Block):
            path = our_module(f"{name}.bn1", depth).removesuffix("/norms/0")
        elif isinstance(part, kept):
            path = our_module(name, depth)
        else:
            continue
        part.register_forward_hook(lambda _, __, output, path=path: expected.update({path: output}))
    reference.eval()
    outputs = reference(torch_images(images))
    for index in range(reference.modules_count):
        place = f"trunk/modules/{index}"
        for level, output in getattr(reference, f"m{index}").levels.items():
            expected[f"{place}/hourglass" + "/inner" * (depth - level)] = output
        parts = ("features", "heatmaps", "handed on")
        expected |= {f"{place} {part}": reference.seen[f"{part} {index}"] for part in parts}
    expected |= {"head/reduce input": reference.seen["joined"], "head/hidden input": reference.seen["pooled"]}
    return outputs, {path: channels_last(tensor) for path, tensor in expected.items()}


@pytest.mark.parametrize("case", CASES)
def test_every_intermediate_and_every_head_agree(case):
    input_px, sizes = CASES[case]
    model, reference = pair(input_px, calibrated=True, **sizes)
    images = faces(1 if input_px == 256 else 2, input_px)
    outputs, expected = theirs(reference, images)
    found, seen = ours(model, images)
    for index in range(reference.modules_count):
        place = f"trunk/modules/{index}"
        seen |= dict(zip((f"{place} features", f"{place} heatmaps", f"{place} handed on"), seen[place], strict=True))
    assert not set(expected) - set(seen), sorted(set(expected) - set(seen))[:5]
    for path, array in expected.items():
        largest = max(1.0, float(np.abs(array).max()))  # values of size 1 to 10
        np.testing.assert_allclose(seen[path], array, rtol=0, atol=1e-4 * largest, err_msg=path)
    for name, head in HEADS.items():
        np.testing.assert_allclose(found[name], outputs[head].detach().numpy(), rtol=0, atol=1e-4, err_msg=name)
        assert 1e-2 < np.abs(found[name]).max() < 10, "outputs of size 1, or the tolerance says nothing"


@pytest.mark.parametrize(
    ("input_px", "sizes", "parts"),
    [(256, {}, {"head"}), (64, SMALL, {"head", "trunk"})],
    ids=["head", "small"],
)
def test_gradients_agree_in_double_precision(input_px, sizes, parts):
    """In single precision, rounding decides on which side of a ReLU's edge some of half a million pixels lie."""
    model, reference = pair(input_px, calibrated=True, **sizes)
    depth = model.config.trunk.depth
    images = faces(1, input_px).astype(np.float64)
    direction = np.random.default_rng(2).normal(size=(1, model.config.emotions + 2))
    outputs = reference.double().eval()(torch_images(images))
    joined = torch.cat([outputs["emotion_logits"], outputs["valence_arousal"]], 1)
    (joined * torch.from_numpy(direction)).sum().backward()
    with jax.enable_x64(True):
        found = gradients(model, images, direction, parts)
    named = {our_place(name, value.ndim, depth): value for name, value in reference.named_parameters()}
    assert {place for place in named if place.split("/")[0] in parts} == set(found)
    for place, gradient in found.items():
        expected = our_array(named[place].grad.numpy(), gradient.ndim)
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-9 * np.abs(expected).max(), err_msg=place)


def gradients(model: EmoNet, images: np.ndarray, direction: np.ndarray, parts: set[str]) -> dict[str, np.ndarray]:
    """Gradients, in double precision, of the outputs along `direction` for the parameters of `parts`, by place."""
    model.eval()
    trained = lambda path, value: path[0] in parts and isinstance(value, nnx.Param)
    graphdef, trained, rest = nnx.split(model, trained, ...)
    trained, rest = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), (trained, rest))

    @jax.jit
    @jax.grad
    def along(trained, rest, images):
        found = nnx.merge(graphdef, trained, rest, copy=True)(images)
        outputs = jnp.concatenate([found["emotion"], found["valence_arousal"]], axis=-1)
        assert outputs.dtype == jnp.float64
        return (outputs * direction).sum()

    flat = nnx.to_flat_state(along(trained, rest, jnp.asarray(images)))
    return {"/".join(map(str, path)): np.asarray(leaf[...]) for path, leaf in flat}


def test_published_state_dict_has_682_entries():
    assert len(EmoNetReference().state_dict()) == 682


def test_training_mode_gives_the_same_outputs_and_running_means():
    model, reference = pair(32, **{**SMALL, "depth": 2, "head_blocks": 2})
    images = faces(4, 32)
    model.train()
    reference.train()
    expected = reference(torch_images(images))
    found = nnx.jit(lambda model, images: model(images))(model, jnp.asarray(images))
    for name, head in HEADS.items():
        np.testing.assert_allclose(found[name], expected[head].detach().numpy(), rtol=2e-3, atol=2e-3)
    ours = flat_state(model)
    for name, tensor in reference.state_dict().items():
        if name.endswith("running_mean"):
            place = our_place(name, 1, 2)
            np.testing.assert_allclose(ours[place][...], tensor.numpy(), rtol=1e-3, atol=1e-3, err_msg=place)
