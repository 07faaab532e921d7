"""The hourglass: processes feature maps at several resolutions."""

from collections.abc import Callable

from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.conv import ConvBlock, double, halve


class Hourglass(nnx.Module):
    """A skip path at full resolution plus an hourglass of depth - 1 at half resolution.

    Height and width must be divisible by 2**depth.
    Source: Newell et al., Stacked hourglass networks, ECCV 2016, with the blocks of `nn/conv.py`.
    """

    def __init__(self, depth: int, width: int, *, pool: Callable[[Array], Array] = halve, rngs: nnx.Rngs):
        self.pool = pool
        block = lambda: ConvBlock(width, width, rngs=rngs)
        self.skip, self.enter = block(), block()
        self.inner = Hourglass(depth - 1, width, pool=pool, rngs=rngs) if depth > 1 else block()
        self.leave = block()

    def __call__(
        self, maps: Float[Array, "*batch height width channel"]
    ) -> Float[Array, "*batch height width channel"]:
        low = self.leave(self.inner(self.enter(self.pool(maps))))
        return self.skip(maps) + double(low)
