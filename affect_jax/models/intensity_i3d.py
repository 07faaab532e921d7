"""Emotion intensity of the newest frame of a clip: the inflated Inception network (I3D), with a head per emotion."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.intensity import LAYER, check_heads, linear_layer, output_count, quantities_of, split_outputs
from affect_jax.nn.inception import Mixed, Unit3D, outputs_of
from affect_jax.ops.image_checks import check_crops
from affect_jax.ops.same_padding import max_pool_same
from affect_jax.types import Predictions

# Widths of the branches of each block; a pool of this window and stride precedes some of them.
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
POOLS = {"3b": ((1, 3, 3), (1, 2, 2)), "4b": ((3, 3, 3), (2, 2, 2)), "5b": ((2, 2, 2), (2, 2, 2))}
STEM = (64, 64, 192)
HALVED = 32  # by how much smaller height and width are before they are averaged
LEAST_FRAMES = 9  # fewer leave one time step before an average over two


@dataclasses.dataclass(frozen=True)
class IntensityI3DConfig:
    """Sizes of the network; the defaults are the published ones: 12,291,259 parameters for one emotion."""

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
    def contract(self) -> Contract:
        """Clips to the intensity of each emotion in the newest frame."""
        return Contract(
            predicts=quantities_of(self.emotions_rated),
            input_px=self.input_px,
            over_time=True,
            newest=True,
            least_frames=LEAST_FRAMES,
            features=outputs_of(self.blocks["5c"]),
            outputs=(LAYER,),
        )

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


class IntensityI3D(nnx.Module):
    """I3D for RGB clips with a head for each emotion.

    The logits of all time steps are averaged, as in the published program; of 16 frames, one time step is left.
    Source: Carreira and Zisserman, CVPR 2017; Ouyang et al. (emotion intensity from video), 3.3.
    """

    def __init__(self, config: IntensityI3DConfig, *, rngs: nnx.Rngs):
        self.config = config
        sizes = config.stem
        self.conv_1a = Unit3D(3, sizes[0], 7, stride=2, rngs=rngs)
        self.conv_2b = Unit3D(sizes[0], sizes[1], 1, rngs=rngs)
        self.conv_2c = Unit3D(sizes[1], sizes[2], 3, rngs=rngs)
        inputs = sizes[2]
        for name, widths in config.blocks.items():
            block = Mixed(inputs, widths, rngs=rngs)
            setattr(self, f"mixed_{name}", block)
            inputs = block.outputs
        self.dropout = nnx.Dropout(config.dropout)
        self.logits = nnx.Linear(inputs, output_count(config.emotions_rated, config.form), rngs=rngs)
        self.gives_features = False  # set by models.features.with_features

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Raw outputs [batch, time, form] for each emotion; frames in [0, 1].

        They, and the pooled features, are those of the newest frame, repeated for the others.

        ValueError if the frames are of another size, dtype, layout or range.
        """
        check_crops(clips, self.config.input_px, over_time=True)
        features = self.features(clips)
        every_frame = lambda newest: jnp.broadcast_to(newest, (*clips.shape[:2], newest.shape[-1]))
        logits = self.logits(self.dropout(features, rngs=rngs)).mean(1, keepdims=True)
        predictions = split_outputs(every_frame(logits), self.config.emotions_rated)
        if not self.gives_features:
            return predictions
        pooled = features.mean(1, keepdims=True).astype(jnp.float32)
        return predictions.replace(features=every_frame(pooled))

    def affect_layers(self) -> dict[str, Float[np.ndarray, "..."]]:
        """The linear layer from pooled features to the raw outputs of all heads."""
        return linear_layer(self.logits)

    def features(self, clips: Float[Array, "batch time height width 3"]) -> Float[Array, "batch step feature"]:
        """What the heads see: averages over height and width, and over two steps of time each."""
        maps = self.conv_1a(2 * clips - 1)  # the published network takes values in [-1, 1]
        maps = max_pool_same(maps, (1, 3, 3), (1, 2, 2))
        maps = self.conv_2c(self.conv_2b(maps))
        for name in BLOCKS:
            if name in POOLS:
                maps = max_pool_same(maps, *POOLS[name])
            maps = getattr(self, f"mixed_{name}")(maps)
        pooled = maps.mean((2, 3))
        return (pooled[:, 1:] + pooled[:, :-1]) / 2
