"""Inflated Inception blocks over space and time.

Source: Carreira and Zisserman, Quo vadis, action recognition?, CVPR 2017, and its published program (kinetics-i3d).
"""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.conv import BatchNorm
from affect_jax.ops.same_padding import max_pool_same, same_padding
from affect_jax.ops.sliding import Window, convolve_dense

Clips = Float[Array, "batch time height width input"]
Maps = Float[Array, "batch steps rows columns output"]


class Unit3D(nnx.Module):
    """A 3-D convolution without bias, BatchNorm without scale, and ReLU; padded by TensorFlow's rule SAME."""

    def __init__(self, inputs: int, outputs: int, window: int, stride: int = 1, *, rngs: nnx.Rngs):
        self.window, self.stride = window, stride
        draw = nnx.initializers.he_normal(in_axis=(0, 1, 2, 3))
        self.kernel = nnx.Param(draw(rngs.params(), (window, window, window, inputs, outputs)))
        # Constants of the published network, except for the momentum; its norms have no scale.
        self.norm = BatchNorm(outputs, momentum=0.99, epsilon=1e-3, use_scale=False, rngs=rngs)

    def __call__(self, maps: Clips) -> Maps:
        pads = [same_padding(size, self.window, self.stride) for size in maps.shape[1:4]]
        along = tuple(Window(self.window, before, after, self.stride) for before, after in pads)
        # On a CPU in a twelfth of the time of XLA's own convolution for the stem, in a quarter for the blocks.
        return nnx.relu(self.norm(convolve_dense(maps, self.kernel[...].astype(maps.dtype), along)))


def outputs_of(widths: Sequence[int]) -> int:
    """Channels after a block with branches of these widths."""
    whole, _, first, _, second, pooled = widths
    return whole + first + second + pooled


class Mixed(nnx.Module):
    """An Inception block: a 1x1x1 branch, two that end in 3x3x3, and one of pooling and 1x1x1, concatenated.

    `widths` are those of branch 0, branch 1 (1x1x1, 3x3x3), branch 2 (1x1x1, 3x3x3) and branch 3.
    """

    def __init__(self, inputs: int, widths: Sequence[int], *, rngs: nnx.Rngs):
        whole, first_low, first, second_low, second, pooled = widths
        self.outputs = outputs_of(widths)
        self.branch_0 = Unit3D(inputs, whole, 1, rngs=rngs)
        self.branch_1 = nnx.List([Unit3D(inputs, first_low, 1, rngs=rngs), Unit3D(first_low, first, 3, rngs=rngs)])
        self.branch_2 = nnx.List([Unit3D(inputs, second_low, 1, rngs=rngs), Unit3D(second_low, second, 3, rngs=rngs)])
        self.branch_3 = Unit3D(inputs, pooled, 1, rngs=rngs)

    def __call__(self, maps: Clips) -> Maps:
        branches = [
            self.branch_0(maps),
            self.branch_1[1](self.branch_1[0](maps)),
            self.branch_2[1](self.branch_2[0](maps)),
            self.branch_3(max_pool_same(maps, (3, 3, 3), (1, 1, 1))),
        ]
        return jnp.concatenate(branches, axis=-1)
