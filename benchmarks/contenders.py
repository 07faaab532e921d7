"""Three implementations of EmoNet with the same weights: ours, the PyTorch reference, and its ONNX export."""

import io
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from affect_jax.infer import tuning
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.nn.execution import execution_named
from affect_jax.nn.network import Network, Variables

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "reference"))

RATE = 1e-4
HEADS = ("valence_arousal", "emotion_logits", "heatmaps")  # outputs of the PyTorch network
QUANTITIES = ("valence_arousal", "emotion", "landmarks")  # the same outputs of ours
MINIATURE = EmoNetConfig(
    TrunkConfig(input_px=64, widths=(8, 16, 16), modules=1, depth=2), HeadConfig(blocks=2), execution="direct"
)
FROZEN = {"frozen": "trunk/.*", "everything": ""}
Program = Callable[[], Any]


def random_images(config: EmoNetConfig, batch: int) -> np.ndarray:
    """Random images, the same for every contender."""
    px = config.trunk.input_px
    return np.random.default_rng(1).random((batch, px, px, 3), np.float32)


def labels(config: EmoNetConfig, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Random valence/arousal and one-hot emotions."""
    affect = np.random.default_rng(2).uniform(-1, 1, (batch, 2)).astype(np.float32)
    return affect, np.eye(config.emotions, dtype=np.float32)[np.arange(batch) % config.emotions]


def reference(config: EmoNetConfig):
    """The PyTorch network with random weights of realistic scale."""
    import torch
    from emonet_torch import EmoNetReference, randomize

    trunk = config.trunk
    model = EmoNetReference(config.emotions, trunk.widths, trunk.modules, trunk.depth, config.head.blocks)
    randomize(model, seed=0)
    return model.to(memory_format=torch.channels_last)


def network(config: EmoNetConfig, frozen: str | None, batch: int, name: str) -> Network:
    """Our network with the named execution; "auto" measures or reads the user's cache. `frozen=None`: prediction."""
    build = lambda rngs: EmoNet(config, rngs=rngs)
    px = config.trunk.input_px
    images = jax.ShapeDtypeStruct((batch, px, px, 3), jnp.float32)
    faster = tuning.ConvTuner(tuning.files(None), tuning.time_convolution) if name == "auto" else None
    network = Network(build, frozen or "")
    plan = tuning.plan_execution(
        network, images, frozen is not None, config.trunk.largest_map, execution_named(name), faster
    )
    return network.changed(lambda module: tuning.set_execution(module, plan))


def variables(config: EmoNetConfig, ours: Network, model) -> Variables:
    """The PyTorch weights as our variables."""
    from emonet_names import take_weights

    module = EmoNet(config, rngs=nnx.Rngs(0))
    take_weights(module, model.state_dict(), config.trunk.depth)
    return ours.variables(module)


def torch_images(config: EmoNetConfig, batch: int):
    """The images in channels_last layout."""
    import torch

    images = torch.from_numpy(np.ascontiguousarray(random_images(config, batch).transpose(0, 3, 1, 2)))
    return images.contiguous(memory_format=torch.channels_last)


def torch_inference(config: EmoNetConfig, model, batch: int) -> Program:
    """A program that returns the outputs by head."""
    import torch

    model.eval()
    images = torch_images(config, batch)

    def predict() -> dict[str, np.ndarray]:
        with torch.inference_mode():
            return {name: output.numpy() for name, output in model(images).items()}

    return predict


def onnx_inference(config: EmoNetConfig, model, batch: int, threads: int) -> Program | None:
    """A program that returns the outputs by head; None if onnx or onnxruntime is not installed."""
    try:
        import onnx  # noqa: F401
        import onnxruntime
    except ImportError:
        return None
    import torch

    model.eval()
    images = torch_images(config, batch).contiguous()
    file = io.BytesIO()
    torch.onnx.export(model, (images,), file, input_names=["images"], output_names=list(HEADS), dynamo=False)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file.getvalue(), settings, providers=["CPUExecutionProvider"])
    plain = np.ascontiguousarray(images.numpy())
    return lambda: dict(zip(HEADS, session.run(list(HEADS), {"images": plain}), strict=True))


def our_inference(config: EmoNetConfig, model, batch: int, name: str) -> Program:
    """A program that returns the outputs by head."""
    ours = network(config, None, batch, name)
    weights = variables(config, ours, model)
    images = jnp.asarray(random_images(config, batch))
    ready = CompiledNetwork(ours)

    def predict() -> dict[str, np.ndarray]:
        predictions = jax.block_until_ready(ready(weights, images))
        return {head: np.asarray(predictions[name]) for head, name in zip(HEADS, QUANTITIES, strict=True)}

    return predict


def torch_training(config: EmoNetConfig, what: str, batch: int) -> Program:
    """A program that runs one AdamW step and returns the loss before it."""
    import torch

    model = reference(config).train()
    head = lambda name: "emo_" in name or "_emo" in name
    trained = [weight for name, weight in model.named_parameters() if what == "everything" or head(name)]
    if what == "frozen":
        model.requires_grad_(False)
        for weight in trained:
            weight.requires_grad_(True)
        for name, part in model.named_modules():
            if isinstance(part, torch.nn.BatchNorm2d) and not head(name):
                part.eval()
    optimizer = torch.optim.AdamW(trained, RATE, weight_decay=0)
    images = torch_images(config, batch)
    affect, emotion = map(torch.from_numpy, labels(config, batch))

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        outputs = model(images)
        squared = ((outputs["valence_arousal"] - affect) ** 2).mean()
        loss = squared + torch.nn.functional.cross_entropy(outputs["emotion_logits"], emotion)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def our_training(config: EmoNetConfig, what: str, batch: int, name: str) -> Program:
    """A program that runs one AdamW step and returns the loss before it."""
    ours = network(config, FROZEN[what], batch, name)
    step = training_step(config, ours, batch)
    initial = variables(config, ours, reference(config))
    state = {"now": (initial, optax.adamw(RATE, weight_decay=0).init(initial.trained))}

    def call() -> float:
        *state["now"], loss = step(*state["now"])
        return float(loss)

    return call


def training_step(config: EmoNetConfig, ours: Network, batch: int) -> Callable:
    """A compiled step from (variables, optimizer state) to their updates and the loss; donates its arguments."""
    optimizer = optax.adamw(RATE, weight_decay=0)
    images = jnp.asarray(random_images(config, batch))
    affect, emotion = map(jnp.asarray, labels(config, batch))

    def loss(trained, variables: Variables, images):
        variables = Variables(trained, variables.frozen, variables.statistics)
        predictions, statistics = ours.train(variables, images, jax.random.key(0))
        squared = ((predictions["valence_arousal"] - affect) ** 2).mean()
        return squared + optax.softmax_cross_entropy(predictions["emotion"], emotion).mean(), statistics

    def step(variables: Variables, moments, images):
        (value, statistics), gradients = jax.value_and_grad(loss, has_aux=True)(variables.trained, variables, images)
        updates, moments = optimizer.update(gradients, moments, variables.trained)
        trained = optax.apply_updates(variables.trained, updates)
        return Variables(trained, variables.frozen, statistics), moments, value

    jitted = jax.jit(step, donate_argnums=(0, 1))
    return lambda variables, moments: jitted(variables, moments, images)
