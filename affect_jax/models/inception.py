"""Inception v1 with BatchNorm, of images or clips, up to its maps: what networks of intensity share."""

import dataclasses

from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.intensity import check_heads, output_count
from affect_jax.nn.inception import Mixed, Unit
from affect_jax.ops.same_padding import max_pool_same

# Widths of the branches of each block; a pool of this window and stride (time, height, width) precedes some of them.
BLOCKS: dict[str, tuple[int, ...]] = {
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}
STEM_POOL = ((1, 3, 3), (1, 2, 2))
POOLS = {"3b": ((1, 3, 3), (1, 2, 2)), "4b": ((3, 3, 3), (2, 2, 2)), "5b": ((2, 2, 2), (2, 2, 2))}
STEM = (64, 64, 192)
HALVED = 32  # by how much smaller height and width are before they are averaged


@dataclasses.dataclass(frozen=True)
class InceptionConfig:
    """Sizes of the network; the defaults are the published ones."""

    emotions_rated: tuple[str, ...] = ("happy",)  # for each of them a head; the paper trains happiness alone
    form: str = "classes"  # classes | ordinal | regression
    width: float = 1.0  # factor of all channels
    input_px: int = 224
    dropout: float = 0.5  # before the heads; that of the published training on Kinetics

    def __post_init__(self):
        check_heads(self.emotions_rated, self.form)
        if not 0 < self.width <= 2:
            raise ValueError(f"width is {self.width}; expected a factor above 0, at most 2")
        if self.input_px < HALVED or self.input_px % HALVED:
            raise ValueError(f"input_px is {self.input_px}; expected a multiple of {HALVED}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; expected a share in [0, 1)")

    @property
    def stem(self) -> tuple[int, ...]:
        """Widths of the convolutions before the blocks."""
        return self._scaled(STEM)

    @property
    def blocks(self) -> dict[str, tuple[int, ...]]:
        """Widths of the branches of each block."""
        return {name: self._scaled(widths) for name, widths in BLOCKS.items()}

    def _scaled(self, widths: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(max(round(width * self.width), 1) for width in widths)


class Inception(nnx.Module):
    """Stem and blocks, with the layers of the heads; `axes` is `nn.inception.IMAGE` or `CLIP`."""

    def __init__(self, config: InceptionConfig, axes: int, *, rngs: nnx.Rngs):
        self.config, self.axes = config, axes
        sizes = config.stem
        self.conv_1a = Unit(3, sizes[0], 7, stride=2, axes=axes, rngs=rngs)
        self.conv_2b = Unit(sizes[0], sizes[1], 1, axes=axes, rngs=rngs)
        self.conv_2c = Unit(sizes[1], sizes[2], 3, axes=axes, rngs=rngs)
        inputs = sizes[2]
        for name, widths in config.blocks.items():
            block = Mixed(inputs, widths, axes=axes, rngs=rngs)
            setattr(self, f"mixed_{name}", block)
            inputs = block.outputs
        self.dropout = nnx.Dropout(config.dropout)
        self.logits = nnx.Linear(inputs, output_count(config.emotions_rated, config.form), rngs=rngs)
        self.gives_features = False  # set by models.features.with_features

    def maps(self, frames: Float[Array, "batch *time height width 3"]) -> Float[Array, "batch *steps rows columns out"]:
        """What the last block gives; frames in [0, 1]."""
        maps = self.conv_1a(2 * frames - 1)  # the published network takes values in [-1, 1]
        maps = self._pool(maps, STEM_POOL)
        maps = self.conv_2c(self.conv_2b(maps))
        for name in BLOCKS:
            if name in POOLS:
                maps = self._pool(maps, POOLS[name])
            maps = getattr(self, f"mixed_{name}")(maps)
        return maps

    def _pool(self, maps: Array, pool: tuple[tuple[int, ...], tuple[int, ...]]) -> Array:
        window, strides = pool
        return max_pool_same(maps, window[-self.axes :], strides[-self.axes :])
