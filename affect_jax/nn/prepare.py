"""Optimizes a network for inference by computing ahead of time whatever does not depend on the images."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.execution import ConvShape, Survey
from affect_jax.ops.winograd import transform_kernel


class Affine(nnx.Module):
    """A norm in evaluation mode: one factor and one offset per channel, in float32 whatever the dtype of the maps."""

    def __init__(self, norm: nnx.BatchNorm):
        factor = jax.lax.rsqrt(norm.var[...] + norm.epsilon)
        if norm.scale is not None:
            factor = norm.scale[...] * factor
        self.factor = nnx.BatchStat(factor)
        self.offset = nnx.BatchStat(norm.bias[...] - norm.mean[...] * factor)

    def __call__(self, maps: Float[Array, "*batch channel"]) -> Float[Array, "*batch channel"]:
        row = (1,) * (maps.ndim - 1) + (-1,)
        result = maps.astype(jnp.float32) * self.factor[...].reshape(row) + self.offset[...].reshape(row)
        return result.astype(maps.dtype)


class Identity(nnx.Module):
    """Takes the place of a norm that was folded into the layer before it."""

    def __call__(self, maps: Float[Array, "*batch channel"]) -> Float[Array, "*batch channel"]:
        return maps


def prepare(module: nnx.Module, images: jax.ShapeDtypeStruct, dtype: DTypeLike) -> None:
    """Modifies a module in evaluation mode so that it computes the same predictions faster, for images of this shape.

    Norms that a module lists in NORMED are folded into the layers they follow; all others become a factor and an
    offset. Kernels of convolutions by Winograd's method are transformed. All layers but the norms compute in `dtype`.
    """
    shapes = survey(module, images)
    for _, part in list(nnx.iter_modules(module)):
        for layer, norm in getattr(part, "NORMED", ()):
            _fold(getattr(part, layer), Affine(getattr(part, norm)))
            setattr(part, norm, Identity())
        for name, value in list(vars(part).items()):
            if isinstance(value, nnx.BatchNorm):
                setattr(part, name, Affine(value))
        if isinstance(part, Conv3x3) and dtype == jnp.float32 and part.execution.uses_winograd(part, shapes[id(part)]):
            part.kernel = nnx.Param(transform_kernel(part.kernel[...]))
    nnx.update(module, jax.tree.map(lambda leaf: leaf.astype(dtype), nnx.state(module, nnx.Param)))


def survey(module: nnx.Module, images: jax.ShapeDtypeStruct) -> dict[int, ConvShape]:
    """Returns the input shape of each 3x3 convolution of a module in evaluation mode, by the id of the layer."""
    parts = [part for _, part in nnx.iter_modules(module) if hasattr(part, "execution")]
    original = [part.execution for part in parts]
    recorder = Survey()
    for part in parts:
        part.execution = recorder
    jax.eval_shape(lambda images: jax.tree.leaves(module(images)), images)
    for part, execution in zip(parts, original, strict=True):
        part.execution = execution
    return {id(layer): shape for layer, shape in recorder.convolutions}


def _fold(layer: nnx.Conv | nnx.Linear, norm: Affine) -> None:
    """Folds a norm into the layer before it, whose kernel has the output channels as its last axis."""
    kernel, factor = layer.kernel[...], norm.factor[...]
    layer.kernel[...] = kernel * factor.reshape((1,) * (kernel.ndim - 1) + (-1,))
    layer.bias[...] = layer.bias[...] * factor + norm.offset[...]
