"""Four equivalent clip networks: the head factorized or with the equivalent dense kernels, in JAX and in PyTorch.

The learned average over time is left out, because the PyTorch network has none.
"""

import dataclasses
import functools
import pathlib
import sys
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from affect_jax.infer import tuning
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.factor_tuning import FactorTuner, time_executions
from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.inflation import transfer
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.execution import execution_named
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.keys import ParameterKeys
from affect_jax.nn.network import Network
from affect_jax.ops.factors import reconstruct

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "reference"))

UNAVERAGED = ClipTimeConfig(pool=1)
QUICKSTART = ClipNetworkConfig(
    TrunkConfig(input_px=64, widths=(16, 32, 64), depth=2, modules=1), HeadConfig(blocks=3, rank=32), UNAVERAGED
)
LARGER = ClipNetworkConfig(
    TrunkConfig(input_px=128, widths=(32, 64, 128), depth=3, modules=1), HeadConfig(blocks=4, rank=64), UNAVERAGED
)
MINIATURE = ClipNetworkConfig(
    TrunkConfig(input_px=32, widths=(8, 8, 8), depth=1, modules=1),
    HeadConfig(blocks=2, rank=4),
    UNAVERAGED,
    execution="direct",
)
Program = Callable[[], tuple[np.ndarray, ...]]


@dataclasses.dataclass(frozen=True)
class Clips:
    """The input size of a call."""

    config: ClipNetworkConfig
    batch: int
    frames: int

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """Random clips, and a random cotangent of valence and arousal."""
        rng, px = np.random.default_rng(1), self.config.trunk.input_px
        clips = rng.random((self.batch, self.frames, px, px, 3), np.float32)
        return clips, rng.normal(size=(self.batch, self.frames, 2)).astype(np.float32)


def makers(clips: Clips, backward: bool) -> dict[str, Callable[[], Program]]:
    """Builders of the programs by name; each program returns valence and arousal."""
    return {
        "PyTorch, dense head": lambda: torch_program(clips, backward, True),
        "PyTorch, factorized head": lambda: torch_program(clips, backward, False),
        "JAX, dense head": lambda: jax_program(clips, backward, True),
        "affect_jax": lambda: jax_program(clips, backward, False),
    }


def network(config: ClipNetworkConfig, dense: bool = False) -> nnx.Module:
    """A network with random weights; both kinds of head compute the same function."""
    module = ClipNetwork(config, rngs=_keys())
    if not dense:
        return module
    other = ClipNetwork(_dense(config), rngs=_keys())
    transfer(module, other)
    return other


def _dense(config: ClipNetworkConfig) -> ClipNetworkConfig:
    return dataclasses.replace(config, time=dataclasses.replace(config.time, form="dense"))


def _keys() -> ParameterKeys:
    return ParameterKeys(jax.random.key(0))


def kernels(module: nnx.Module) -> dict[str, jax.Array]:
    """The dense kernel of each factorized layer, by path."""
    layers = {path: layer for path, layer in nnx.iter_modules(module) if isinstance(layer, FactorizedConv)}
    return {"/".join(map(str, path)): reconstruct(layer.arrays()) for path, layer in layers.items()}


def jax_network(clips: Clips, backward: bool, dense: bool) -> Network:
    """Our network with the execution of the config; "auto" measures, or reads the user's cache."""
    config = _dense(clips.config) if dense else clips.config
    build = lambda rngs: ClipNetwork(config, rngs=rngs)
    px = config.trunk.input_px
    shape = jax.ShapeDtypeStruct((clips.batch, clips.frames, px, px, 3), jnp.float32)
    auto, on_cpu = config.execution == "auto", jax.default_backend() == "cpu"
    faster = tuning.ConvTuner(tuning.files(None), tuning.time_convolution) if auto and on_cpu else None
    fastest = FactorTuner(tuning.files(None), time_executions) if auto else None
    largest_map = config.trunk.largest_map if on_cpu else 0
    named = execution_named(config.execution)
    network = Network(build)
    plan = tuning.plan_execution(network, shape, bool(backward), largest_map, named, faster, fastest)
    return network.changed(lambda module: tuning.set_execution(module, plan))


def jax_program(clips: Clips, backward: bool, dense: bool) -> Program:
    """Prediction as in launch.predict, or loss and gradients of a training step without the optimizer."""
    ours = jax_network(clips, backward, dense)
    images, direction = map(jnp.asarray, clips.draw())
    variables = ours.variables(network(clips.config, dense))
    if not backward:
        ready = CompiledNetwork(ours)
        return lambda: (np.asarray(jax.block_until_ready(ready(variables, images))["valence_arousal"]),)
    run = functools.partial(jax.jit(_step(ours)), variables.trained, variables, images, direction)
    return lambda: (np.asarray(jax.block_until_ready(run())[1]),)


def compiled(clips: Clips, backward: bool, dense: bool):
    """The compiled program without precomputed weights, for its costs."""
    ours = jax_network(clips, backward, dense)
    images, direction = clips.draw()
    variables = ours.abstract
    if not backward:
        predict = lambda variables, images: ours.predict(variables, images)["valence_arousal"]
        return jax.jit(predict).lower(variables, images).compile()
    return jax.jit(_step(ours)).lower(variables.trained, variables, images, direction).compile()


def _step(ours: Network) -> Callable:
    def loss(trained, variables, images, direction):
        predictions, _ = ours.train(dataclasses.replace(variables, trained=trained), images, jax.random.key(0))
        return (predictions["valence_arousal"] * direction).sum(), predictions["valence_arousal"]

    return jax.grad(loss, has_aux=True)


def torch_program(clips: Clips, backward: bool, dense: bool) -> Program:
    """The PyTorch network in channels_last layout, with our weights."""
    import torch
    from clip_torch import clip_reference

    ours = network(clips.config)
    images, direction = clips.draw()
    dense_kernels = {path: np.asarray(kernel) for path, kernel in kernels(ours).items()}
    model = clip_reference(ours, dense_kernels, clips.frames, clips.config, dense).train(backward)
    for weight in model.parameters():
        if weight.ndim > 3:
            layout = torch.channels_last if weight.ndim == 4 else torch.channels_last_3d
            weight.data = weight.data.contiguous(memory_format=layout)
    flat = images.reshape(-1, *images.shape[2:]).transpose(0, 3, 1, 2)
    inputs = torch.from_numpy(np.ascontiguousarray(flat)).contiguous(memory_format=torch.channels_last)
    cotangent = torch.from_numpy(direction.reshape(-1, 2))

    def program() -> tuple[np.ndarray, ...]:
        with torch.set_grad_enabled(backward):
            outputs = model(inputs)["valence_arousal"]
        if backward:
            model.zero_grad(set_to_none=True)
            outputs.backward(cotangent)
        return (outputs.detach().numpy().reshape(clips.batch, clips.frames, 2),)

    return program
