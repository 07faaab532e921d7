"""One temporal convolution in every implementation: our executions, dense in JAX, PyTorch, and tltorch.

All programs compute the same function: the dense kernels are reconstructed from the factors. A program returns its
result or, with `backward`, the result and the gradient of the signal; gradients of its weights are computed as well.
"""

import dataclasses
import importlib.util
import pathlib
import sys
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.ops.factors import EXECUTIONS, convolve, reconstruct

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "reference"))

AXES = ("time", "height", "width")
Program = Callable[[], tuple[np.ndarray, ...]]


@dataclasses.dataclass(frozen=True)
class Layer:
    """Sizes of the layer; by default those of the first stage of a ResNet-18 on one clip of 16 frames."""

    rank: int
    clips: int = 1
    frames: int = 16
    map_px: int = 56
    channels: int = 64
    taps: int = 3

    def draw(self) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
        """Clips [clip, time, height, width, channel], factors, and a random cotangent."""
        rng = np.random.default_rng(self.rank)
        shape = (self.clips, self.frames, self.map_px, self.map_px, self.channels)
        sizes = {**dict.fromkeys(AXES, self.taps), "inputs": self.channels, "outputs": self.channels}
        std = (1 / (self.channels * self.taps**3 * self.rank) ** 0.5) ** (1 / len(sizes))
        factors = {name: rng.normal(0, std, (size, self.rank)).astype(np.float32) for name, size in sizes.items()}
        factors["scale"] = rng.uniform(0.5, 1.5, self.rank).astype(np.float32)
        clip, direction = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
        return clip, factors, direction


def makers(layer: Layer, backward: bool) -> dict[str, Callable[[], Program]]:
    """Builders of the programs by name; includes tltorch if it is installed."""
    found = {
        "PyTorch, dense, channels_last_3d": lambda: torch_program(layer, backward, "dense", True),
        "PyTorch, dense": lambda: torch_program(layer, backward, "dense", False),
        "PyTorch, factorized": lambda: torch_program(layer, backward, "factors", False),
        "PyTorch, factorized, channels_last_3d": lambda: torch_program(layer, backward, "factors", True),
        "PyTorch, one depthwise kernel": lambda: torch_program(layer, backward, "depthwise", False),
        "JAX, dense, one convolution": lambda: jax_program(layer, backward, dense_3d, True),
        "JAX, dense, convolutions of frames": lambda: jax_program(layer, backward, dense_frames, True),
    }
    if importlib.util.find_spec("tltorch") is not None:
        found["tltorch, factorized"] = lambda: torch_program(layer, backward, "tltorch", False)
    for name in EXECUTIONS["cp"]:
        run = lambda clip, factors, name=name: convolve(clip, factors, execution=name)
        found[f"affect_jax, {name}"] = lambda run=run: jax_program(layer, backward, run, False)
    return found


def dense_3d(clip, arrays: Mapping):
    """JAX's own convolution over three axes."""
    layout = ("NDHWC", "DHWIO", "NDHWC")
    return jax.lax.conv_general_dilated(clip, arrays["kernel"], (1, 1, 1), "SAME", dimension_numbers=layout)


def dense_frames(clip, arrays: Mapping):
    """A sum of frame-wise convolutions over the temporal taps."""
    return convolve(clip, arrays, execution="reconstructed")


def jax_program(layer: Layer, backward: bool, run: Callable, dense: bool) -> Program:
    """A compiled program on the factors or, with `dense`, on the kernel they reconstruct."""
    compiled, arguments = jax_compiled(layer, backward, run, dense)
    return lambda: tuple(map(np.asarray, jax.block_until_ready(compiled(*arguments))[:2]))


def jax_compiled(layer: Layer, backward: bool, run: Callable, dense: bool, dtype: str = "float32") -> tuple:
    """The compiled program, which returns its result and then all gradients, and its arguments."""
    clip, factors, direction = jax.tree.map(lambda array: jnp.asarray(array, dtype), layer.draw())
    arrays = {"kernel": reconstruct(factors)} if dense else factors

    def both(clip, arrays, direction):
        result, pullback = jax.vjp(run, clip, arrays)
        return result, *pullback(direction)

    forward = lambda clip, arrays, direction: (run(clip, arrays),)
    arguments = clip, arrays, direction
    return jax.jit(both if backward else forward).lower(*arguments).compile(), arguments


def torch_program(layer: Layer, backward: bool, kind: str, channels_last: bool) -> Program:
    """The PyTorch program, with PyTorch's own choice of algorithm for the layout."""
    import torch

    clip, factors, direction = layer.draw()
    layout = torch.channels_last_3d if channels_last else torch.contiguous_format
    ordered = lambda array: torch.from_numpy(np.moveaxis(array, -1, 1).copy()).contiguous(memory_format=layout)
    module = torch_module(kind, factors, layer).to(memory_format=layout)
    signal, cotangent = ordered(clip).requires_grad_(backward), ordered(direction)

    def program() -> tuple[np.ndarray, ...]:
        with torch.set_grad_enabled(backward):
            result = module(signal)
        if backward:
            module.zero_grad(set_to_none=True)
            signal.grad = None
            result.backward(cotangent)
        found = (result.detach(), signal.grad) if backward else (result,)
        return tuple(np.moveaxis(array.numpy(), 1, -1) for array in found)

    return program


def torch_module(kind: str, factors: dict, layer: Layer):
    """The PyTorch layer: dense, factors, depthwise (one kernel), or that of tltorch."""
    import torch
    from factorized_torch import DenseReference, FactorizedReference

    if kind == "dense":
        return DenseReference(reconstruct({name: jnp.asarray(factor) for name, factor in factors.items()}))
    if kind != "tltorch":
        return FactorizedReference(factors, AXES, merged=kind == "depthwise")
    import tltorch

    channels, sizes = layer.channels, {"kernel_size": layer.taps, "order": 3, "padding": layer.taps // 2}
    options = {"rank": layer.rank, "factorization": "cp", "implementation": "factorized", "bias": False}
    module = tltorch.FactorizedConv(channels, channels, **sizes, **options)
    with torch.no_grad():
        for theirs, name in zip(module.weight.factors, ("outputs", "inputs", *AXES), strict=True):
            theirs.copy_(torch.from_numpy(factors[name]))
        module.weight.weights.copy_(torch.from_numpy(factors["scale"]))
    return module
