"""Convolution blocks of the landmark trunk and of the affect head."""

import itertools
from collections.abc import Callable, Sequence

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.execution import DIRECT, ConvShape
from affect_jax.ops import winograd
from affect_jax.ops.convolution import convolve

# (inputs, outputs, *, rngs) -> module; the module is called with (maps, *, rngs) and preserves height and width
Convolution = Callable[..., nnx.Module]


class BatchNorm(nnx.BatchNorm):
    """Batch normalization that computes in float32 at least, whatever the dtype of the maps, and returns that dtype.

    Eight bits of a mean over a million values, or of a running average that moves by a tenth, would be none.
    """

    def __call__(self, maps: Float[Array, "*batch channel"]) -> Float[Array, "*batch channel"]:
        wide = maps if maps.dtype.itemsize >= 4 else maps.astype(jnp.float32)
        return super().__call__(wide).astype(maps.dtype)


def batch_norm(width: int, *, rngs: nnx.Rngs) -> BatchNorm:
    """Batch normalization with the constants of the published networks (PyTorch's momentum 0.1, epsilon 1e-5).

    In training, the running variance is updated with the batch's 1/n variance, whereas PyTorch uses 1/(n-1); in
    evaluation the two agree.
    """
    return BatchNorm(width, momentum=0.9, epsilon=1e-5, rngs=rngs)


def general_convolution(
    inputs: Float[Array, "batch *axes input"],
    kernel: Float[Array, "*taps input output"],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    *,
    rhs_dilation: Sequence[int],
    **_,
) -> Float[Array, "batch *out output"]:
    """`ops.convolution` as the `conv_general_dilated` of an `nnx.Conv` with zeros for padding and without groups."""
    return convolve(inputs, kernel, strides, padding, rhs_dilation)


class Conv3x3(nnx.Module):
    """Size-preserving 3x3 convolution without bias, computed by the method that its `execution` selects.

    For prediction, the kernel may be replaced by its transform [36, input, output]; Winograd's method is then used
    whatever the execution.
    """

    def __init__(self, inputs: int, outputs: int, *, rngs: nnx.Rngs):
        self.inputs, self.outputs = inputs, outputs
        self.kernel = nnx.Param(nnx.initializers.he_normal()(rngs.params(), (3, 3, inputs, outputs)))
        self.deterministic = False  # set by eval(), after which no gradients are taken
        self.execution = DIRECT

    def __call__(
        self, maps: Float[Array, "*batch height width input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*batch height width output"]:
        del rngs  # part of the interface, for convolutions with dropout
        kernel = self.kernel[...]
        images = maps.reshape(-1, *maps.shape[-3:])
        shape = ConvShape(not self.deterministic, *images.shape[1:], kernel.shape[-1])
        if kernel.ndim == 3:
            result = winograd.convolve_transformed(images, kernel)
        elif self.execution.uses_winograd(self, shape) and maps.dtype == jnp.float32:
            result = winograd.convolve(images, kernel)
        else:
            result = convolve(images, kernel, (1, 1), ((1, 1), (1, 1)), (1, 1))
        return result.reshape(*maps.shape[:-1], -1)


class ConvBlock(nnx.Module):
    """Residual block: three chained 3x3 convolutions of widths C/2, C/4, C/4, whose outputs are concatenated.

    Each convolution follows BatchNorm and ReLU. The shortcut is the input itself, or BatchNorm-ReLU-1x1 if the width
    changes. Axes before height are batch.
    With `rematerialize`, the gradient recomputes the block from its input instead of keeping what is inside it.
    Source: Bulat and Tzimiropoulos, Binarized convolutional landmark localizers, ICCV 2017, hierarchical block.
    """

    def __init__(self, inputs: int, outputs: int, *, convolution: Convolution = Conv3x3, rngs: nnx.Rngs):
        sizes = (inputs, outputs // 2, outputs // 4, outputs // 4)
        self.norms = nnx.List([batch_norm(size, rngs=rngs) for size in sizes[:3]])
        self.convs = nnx.List([convolution(a, b, rngs=rngs) for a, b in itertools.pairwise(sizes)])
        self.shortcut = Shortcut(inputs, outputs, rngs=rngs) if inputs != outputs else None
        self.rematerialize = False
        self.deterministic = False  # set by eval(), after which no gradients are taken

    def __call__(
        self, inputs: Float[Array, "*batch height width input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*batch height width output"]:
        if self.rematerialize and not self.deterministic:
            return nnx.remat(ConvBlock._outputs)(self, inputs, rngs)
        return self._outputs(inputs, rngs)

    def _outputs(self, inputs: Array, rngs: nnx.Rngs | None) -> Array:
        branches, signal = [], inputs
        for norm, conv in zip(self.norms, self.convs, strict=True):
            signal = conv(nnx.relu(norm(signal)), rngs=rngs)
            branches.append(signal)
        residual = inputs if self.shortcut is None else self.shortcut(inputs)
        return jnp.concatenate(branches, axis=-1) + residual


def rematerialize_blocks(network: nnx.Module) -> nnx.Module:
    """Makes the gradient of each block recompute what is inside it; returns the network."""
    network.set_attributes(ConvBlock, rematerialize=True)
    return network


class Shortcut(nnx.Module):
    """BatchNorm, ReLU and a 1x1 convolution without bias: the residual path of a block that changes width."""

    def __init__(self, inputs: int, outputs: int, *, rngs: nnx.Rngs):
        self.norm = batch_norm(inputs, rngs=rngs)
        self.project = nnx.Linear(inputs, outputs, use_bias=False, rngs=rngs)

    def __call__(self, inputs: Float[Array, "*batch input"]) -> Float[Array, "*batch output"]:
        return self.project(nnx.relu(self.norm(inputs)))


def halve(maps: Float[Array, "*batch height width channel"]) -> Float[Array, "*batch height_2 width_2 channel"]:
    """2x2 max pooling; height and width must be even.

    Takes the maximum along one axis after the other: on a CPU, the gradient of `nnx.max_pool` is some 15 times slower.
    """
    *batch, height, width, channel = maps.shape
    rows = maps.reshape(*batch, height // 2, 2, width, channel)
    columns = jnp.maximum(rows[..., 0, :, :], rows[..., 1, :, :]).reshape(*batch, height // 2, width // 2, 2, channel)
    return jnp.maximum(columns[..., 0, :], columns[..., 1, :])


def halve_by_mean(
    maps: Float[Array, "*batch height width channel"],
) -> Float[Array, "*batch height_2 width_2 channel"]:
    """2x2 average pooling; height and width must be even."""
    *batch, height, width, channel = maps.shape
    return maps.reshape(*batch, height // 2, 2, width // 2, 2, channel).mean((-4, -2))


POOLINGS: dict[str, Callable[[Array], Array]] = {"max": halve, "mean": halve_by_mean}


def double(maps: Float[Array, "*batch height width channel"]) -> Float[Array, "*batch height_2 width_2 channel"]:
    """Nearest-neighbor upsampling by a factor of 2."""
    *batch, height, width, channel = maps.shape
    spread = jnp.broadcast_to(maps[..., :, None, :, None, :], (*batch, height, 2, width, 2, channel))
    return spread.reshape(*batch, 2 * height, 2 * width, channel)
