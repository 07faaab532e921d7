"""Inception blocks of images, and of clips, into which they are inflated.

Source: Szegedy et al., Going deeper with convolutions, CVPR 2015; Carreira and Zisserman, Quo vadis, action
recognition?, CVPR 2017, and its published program (kinetics-i3d).
"""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.conv import BatchNorm
from affect_jax.ops.same_padding import max_pool_same, same_padding
from affect_jax.ops.sliding import Window, convolve_dense

IMAGE, CLIP = 2, 3  # axes that a window spans


class Unit(nnx.Module):
    """A convolution without bias, BatchNorm without scale, and ReLU; padded by TensorFlow's rule SAME.

    The window spans two axes of images (batch height width channel) or three of clips (batch time height width
    channel), with the same length along each.
    """

    def __init__(self, inputs: int, outputs: int, window: int, stride: int = 1, *, axes: int, rngs: nnx.Rngs):
        self.window, self.stride, self.axes = window, stride, axes
        draw = nnx.initializers.he_normal(in_axis=tuple(range(axes + 1)))
        self.kernel = nnx.Param(draw(rngs.params(), (*(window,) * axes, inputs, outputs)))
        # Constants of the published network, except for the momentum; its norms have no scale.
        self.norm = BatchNorm(outputs, momentum=0.99, epsilon=1e-3, use_scale=False, rngs=rngs)

    def __call__(self, maps: Float[Array, "batch *axes input"]) -> Float[Array, "batch *out output"]:
        pads = [same_padding(size, self.window, self.stride) for size in maps.shape[1:-1]]
        along = tuple(Window(self.window, before, after, self.stride) for before, after in pads)
        # On a CPU in a twelfth of the time of XLA's own convolution of clips for the stem, in a quarter for the blocks.
        return nnx.relu(self.norm(convolve_dense(maps, self.kernel[...].astype(maps.dtype), along)))


def outputs_of(widths: Sequence[int]) -> int:
    """Channels after a block with branches of these widths."""
    whole, _, first, _, second, pooled = widths
    return whole + first + second + pooled


class Mixed(nnx.Module):
    """An Inception block: concatenated branches of window 1, twice of windows 1 and 3, and of pooling and window 1.

    `widths` are those of branch 0, branch 1 (window 1, window 3), branch 2 (likewise) and branch 3.
    """

    def __init__(self, inputs: int, widths: Sequence[int], *, axes: int, rngs: nnx.Rngs):
        whole, first_low, first, second_low, second, pooled = widths
        unit = lambda before, after, window: Unit(before, after, window, axes=axes, rngs=rngs)
        self.outputs, self.axes = outputs_of(widths), axes
        self.branch_0 = unit(inputs, whole, 1)
        self.branch_1 = nnx.List([unit(inputs, first_low, 1), unit(first_low, first, 3)])
        self.branch_2 = nnx.List([unit(inputs, second_low, 1), unit(second_low, second, 3)])
        self.branch_3 = unit(inputs, pooled, 1)

    def __call__(self, maps: Float[Array, "batch *axes input"]) -> Float[Array, "batch *axes output"]:
        branches = [
            self.branch_0(maps),
            self.branch_1[1](self.branch_1[0](maps)),
            self.branch_2[1](self.branch_2[0](maps)),
            self.branch_3(max_pool_same(maps, (3,) * self.axes, (1,) * self.axes)),
        ]
        return jnp.concatenate(branches, axis=-1)
