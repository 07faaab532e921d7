"""The landmark trunk: stem, residual blocks and stacked hourglasses."""

import dataclasses
from typing import NamedTuple

from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.conv import POOLINGS, ConvBlock, batch_norm, general_convolution
from affect_jax.nn.execution import DIRECT
from affect_jax.nn.hourglass import Hourglass
from affect_jax.ops.parts import map_in_parts
from affect_jax.types import LANDMARKS

STRIDE = 4  # image pixels per map pixel: the stride of the stem times one pooling


@dataclasses.dataclass(frozen=True)
class TrunkConfig:
    """Sizes of the trunk; the defaults are the published ones.

    input_px: height and width of the images.
    widths: channels of the stem, of the middle blocks, and of the final feature maps.
    modules: number of stacked hourglasses.
    depth: how many times each hourglass halves the map.
    pooling: how the trunk halves its maps: 2x2 "max" pooling as in EmoNet, or "mean" pooling as in the networks of
        four hourglasses from face-alignment.
    """

    input_px: int = 256
    widths: tuple[int, ...] = (64, 128, 256)
    modules: int = 2
    depth: int = 4
    pooling: str = "max"

    def __post_init__(self):
        if len(self.widths) != 3 or any(width < 4 or width % 4 for width in self.widths[1:]) or self.widths[0] < 1:
            raise ValueError(
                f"widths is {self.widths}; expected three sizes (stem, middle, maps), the last two divisible by 4, "
                "such as (64, 128, 256) or (16, 32, 64)"
            )
        if self.modules < 1 or self.depth < 1:
            raise ValueError(f"modules is {self.modules} and depth {self.depth}; both must be at least 1")
        if self.pooling not in POOLINGS:
            raise ValueError(f"pooling is '{self.pooling}'; choose one of {', '.join(POOLINGS)}")
        unit = STRIDE * 2**self.depth
        if self.input_px < unit or self.input_px % unit:
            raise ValueError(
                f"input_px is {self.input_px}; with depth {self.depth} it must be a multiple of {unit} "
                f"({STRIDE} * 2**depth): choose another size or a smaller depth"
            )

    @property
    def map_px(self) -> int:
        """Height and width of the feature maps and heatmaps."""
        return self.input_px // STRIDE

    @property
    def largest_map(self) -> int:
        """Number of values in the feature maps of one image."""
        return self.map_px**2 * self.widths[-1]


class TrunkOutputs(NamedTuple):
    """What the trunk passes to a head."""

    features: Float[Array, "*batch height width channel"]  # before the hourglasses
    hourglasses: tuple[Float[Array, "*batch height width channel"], ...]
    heatmaps: tuple[Float[Array, "*batch height width 68"], ...]  # raw, one per hourglass


class HourglassModule(nnx.Module):
    """An hourglass, its features and its heatmaps; every module but the last passes both on to the next one.

    The features of the last module are taken after the ReLU; those of the others after one more 1x1 (no ReLU).
    """

    NORMED = (("project", "norm"),)

    def __init__(self, width: int, depth: int, pooling: str, last: bool, *, rngs: nnx.Rngs):
        self.hourglass = Hourglass(depth, width, pool=POOLINGS[pooling], rngs=rngs)
        self.block = ConvBlock(width, width, rngs=rngs)
        self.project = nnx.Linear(width, width, rngs=rngs)
        self.norm = batch_norm(width, rngs=rngs)
        # Heatmaps are near 0 almost everywhere; with the usual initialization, most of a run is spent getting there.
        self.heatmaps = nnx.Linear(width, LANDMARKS, kernel_init=nnx.initializers.normal(1e-3), rngs=rngs)
        self.hand_on_features = None if last else nnx.Linear(width, width, rngs=rngs)
        self.hand_on_heatmaps = None if last else nnx.Linear(LANDMARKS, width, rngs=rngs)

    def __call__(
        self, maps: Float[Array, "*batch height width channel"]
    ) -> tuple[
        Float[Array, "*batch height width channel"],
        Float[Array, "*batch height width 68"],
        Float[Array, "*batch height width channel"],
    ]:
        """Returns the features, the heatmaps, and the input of the next module."""
        features = nnx.relu(self.norm(self.project(self.block(self.hourglass(maps)))))
        heatmaps = self.heatmaps(features)
        if self.hand_on_features is None:
            return features, heatmaps, maps
        features = self.hand_on_features(features)
        return features, heatmaps, maps + features + self.hand_on_heatmaps(heatmaps)


class FAN(nnx.Module):
    """Face alignment network: features and one set of 68 heatmaps per hourglass, for images in [0, 1].

    Source: Bulat and Tzimiropoulos, How far are we from solving the 2D & 3D face alignment problem, ICCV 2017, as used
    by Toisoul et al., Nature Machine Intelligence 3, 2021.
    """

    NORMED = (("stem", "stem_norm"),)

    def __init__(self, config: TrunkConfig, *, rngs: nnx.Rngs):
        stem, middle, width = config.widths
        self.pool = POOLINGS[config.pooling]
        self.stem = nnx.Conv(
            3, stem, (7, 7), 2, padding=((3, 3), (3, 3)), conv_general_dilated=general_convolution, rngs=rngs
        )
        self.stem_norm = batch_norm(stem, rngs=rngs)
        self.block_half = ConvBlock(stem, middle, rngs=rngs)
        self.block_middle = ConvBlock(middle, middle, rngs=rngs)
        self.block_wide = ConvBlock(middle, width, rngs=rngs)
        last = config.modules - 1
        self.modules = nnx.List(
            [
                HourglassModule(width, config.depth, config.pooling, index == last, rngs=rngs)
                for index in range(config.modules)
            ]
        )
        self.deterministic = False  # set by eval(): images do not mix
        self.execution = DIRECT

    def __call__(self, images: Float[Array, "*batch height width 3"]) -> TrunkOutputs:
        return map_in_parts(self._outputs, images, self.execution.at_once if self.deterministic else 0)

    def _outputs(self, images: Array) -> TrunkOutputs:
        maps = self.pool(self.block_half(nnx.relu(self.stem_norm(self.stem(images)))))
        features = self.block_wide(self.block_middle(maps))
        maps = features
        hourglasses, heatmaps = [], []
        for module in self.modules:
            module_features, module_heatmaps, maps = module(maps)
            hourglasses.append(module_features)
            heatmaps.append(module_heatmaps)
        return TrunkOutputs(features, tuple(hourglasses), tuple(heatmaps))
