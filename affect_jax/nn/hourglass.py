"""The hourglass: a map seen at several sizes."""

from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.conv import ConvBlock, double, halve


class Hourglass(nnx.Module):
    """A skip path at full size plus the same thing at half size, `depth` times; height and width divisible by 2**depth.

    Source: Newell et al., Stacked hourglass networks, ECCV 2016, with the blocks of `nn/conv.py`.
    """

    def __init__(self, depth: int, width: int, *, rngs: nnx.Rngs):
        block = lambda: ConvBlock(width, width, rngs=rngs)
        self.skip, self.enter = block(), block()
        self.inner = Hourglass(depth - 1, width, rngs=rngs) if depth > 1 else block()
        self.leave = block()

    def __call__(
        self, maps: Float[Array, "*batch height width channel"]
    ) -> Float[Array, "*batch height width channel"]:
        low = self.leave(self.inner(self.enter(halve(maps))))
        return self.skip(maps) + double(low)
