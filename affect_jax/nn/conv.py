"""Convolution blocks of the landmark trunk and of the affect head."""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.execution import DIRECT, ConvShape
from affect_jax.ops import winograd

# (inputs, outputs, *, rngs) -> module of (maps, *, rngs) that keeps the map's size
Convolution = Callable[..., nnx.Module]


def batch_norm(width: int, *, rngs: nnx.Rngs) -> nnx.BatchNorm:
    """Batch normalization with the constants of the published networks (PyTorch's momentum 0.1, epsilon 1e-5).

    In training the running variance takes the 1/n variance of the batch, where PyTorch takes 1/(n-1); in evaluation
    the two agree.
    """
    return nnx.BatchNorm(width, momentum=0.9, epsilon=1e-5, rngs=rngs)


class Conv3x3(nnx.Module):
    """3x3 convolution without bias that keeps the size of the map, by the method that its execution names.

    For prediction the kernel may be replaced by its transform [36, input, output]: then it is Winograd's in any case.
    """

    def __init__(self, inputs: int, outputs: int, *, rngs: nnx.Rngs):
        self.inputs, self.outputs = inputs, outputs
        self.kernel = nnx.Param(nnx.initializers.he_normal()(rngs.params(), (3, 3, inputs, outputs)))
        self.deterministic = False  # set by eval(): no gradient will be asked for
        self.execution = DIRECT

    def __call__(
        self, maps: Float[Array, "*batch height width input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*batch height width output"]:
        del rngs  # for convolutions with dropout
        kernel = self.kernel[...]
        images = maps.reshape(-1, *maps.shape[-3:])
        shape = ConvShape(not self.deterministic, *images.shape[1:], kernel.shape[-1])
        if kernel.ndim == 3:
            result = winograd.convolve_transformed(images, kernel)
        elif self.execution.uses_winograd(self, shape) and maps.dtype == jnp.float32:
            result = winograd.convolve(images, kernel)
        else:
            layout = ("NHWC", "HWIO", "NHWC")
            result = jax.lax.conv_general_dilated(images, kernel, (1, 1), ((1, 1), (1, 1)), dimension_numbers=layout)
        return result.reshape(*maps.shape[:-1], -1)


class ConvBlock(nnx.Module):
    """Three chained 3x3 convolutions of widths C/2, C/4, C/4, each after BatchNorm and ReLU, joined, plus a shortcut.

    The shortcut is the input, or BatchNorm-ReLU-1x1 where the width changes. Axes before height are batch.
    Source: Bulat and Tzimiropoulos, Binarized convolutional landmark localizers, ICCV 2017, hierarchical block.
    """

    def __init__(self, inputs: int, outputs: int, *, convolution: Convolution = Conv3x3, rngs: nnx.Rngs):
        sizes = (inputs, outputs // 2, outputs // 4, outputs // 4)
        self.norms = nnx.List([batch_norm(size, rngs=rngs) for size in sizes[:3]])
        self.convs = nnx.List([convolution(a, b, rngs=rngs) for a, b in itertools.pairwise(sizes)])
        self.shortcut = Shortcut(inputs, outputs, rngs=rngs) if inputs != outputs else None

    def __call__(
        self, inputs: Float[Array, "*batch height width input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*batch height width output"]:
        branches, signal = [], inputs
        for norm, conv in zip(self.norms, self.convs, strict=True):
            signal = conv(nnx.relu(norm(signal)), rngs=rngs)
            branches.append(signal)
        residual = inputs if self.shortcut is None else self.shortcut(inputs)
        return jnp.concatenate(branches, axis=-1) + residual


class Shortcut(nnx.Module):
    """BatchNorm, ReLU and a 1x1 convolution without bias: a residual path between two widths."""

    def __init__(self, inputs: int, outputs: int, *, rngs: nnx.Rngs):
        self.norm = batch_norm(inputs, rngs=rngs)
        self.project = nnx.Linear(inputs, outputs, use_bias=False, rngs=rngs)

    def __call__(self, inputs: Float[Array, "*batch input"]) -> Float[Array, "*batch output"]:
        return self.project(nnx.relu(self.norm(inputs)))


def halve(maps: Float[Array, "*batch height width channel"]) -> Float[Array, "*batch height_2 width_2 channel"]:
    """Maximum over squares of 2x2; height and width must be even.

    Two maxima of halves: the gradient of `nnx.max_pool` is some 15 times slower on a CPU.
    """
    *batch, height, width, channel = maps.shape
    rows = maps.reshape(*batch, height // 2, 2, width, channel)
    columns = jnp.maximum(rows[..., 0, :, :], rows[..., 1, :, :]).reshape(*batch, height // 2, width // 2, 2, channel)
    return jnp.maximum(columns[..., 0, :], columns[..., 1, :])


def halve_by_mean(
    maps: Float[Array, "*batch height width channel"],
) -> Float[Array, "*batch height_2 width_2 channel"]:
    """Mean over squares of 2x2; height and width must be even."""
    *batch, height, width, channel = maps.shape
    return maps.reshape(*batch, height // 2, 2, width // 2, 2, channel).mean((-4, -2))


POOLINGS: dict[str, Callable[[Array], Array]] = {"max": halve, "mean": halve_by_mean}


def double(maps: Float[Array, "*batch height width channel"]) -> Float[Array, "*batch height_2 width_2 channel"]:
    """Each pixel repeated as a square of 2x2."""
    *batch, height, width, channel = maps.shape
    spread = jnp.broadcast_to(maps[..., :, None, :, None, :], (*batch, height, 2, width, 2, channel))
    return spread.reshape(*batch, 2 * height, 2 * width, channel)
