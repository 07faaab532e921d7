"""The static affect network: landmark trunk, landmark attention, affect head."""

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.fan import FAN, FANConfig, TrunkOutputs
from affect_jax.models.head_factors import HeadFactorsConfig
from affect_jax.nn.attention import landmark_attention
from affect_jax.nn.execution import DIRECT, execution_named
from affect_jax.nn.heads import AffectHead
from affect_jax.ops.alignment import level
from affect_jax.ops.heatmap import decode_heatmaps
from affect_jax.ops.parts import by_parts
from affect_jax.types import LANDMARKS, Predictions


@dataclasses.dataclass(frozen=True)
class EmoNetConfig(HeadFactorsConfig, FANConfig):
    """Sizes of the network; the defaults are the published ones with 8 emotions (13,963,410 parameters).

    attention: hourglass features weighted by the heatmaps; without it the heatmaps are joined as channels.
    head_blocks: blocks of the head, each halving the map; what is left is averaged.
    geometry: positions of the landmarks, read off the last heatmaps, joined to what the head has pooled (ours).
    dropout: share of the hidden units dropped before the last layer in training.
    """

    emotions: int = 8
    attention: bool = True
    head_blocks: int = 4
    geometry: bool = False
    dropout: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        if self.emotions < 2:
            raise ValueError(f"emotions is {self.emotions}; expected the number of emotions, at least 2")
        if self.head_blocks < 1 or self.map_px % 2**self.head_blocks:
            raise ValueError(
                f"head_blocks is {self.head_blocks}; each halves the map, and the map of input_px {self.input_px} is "
                f"{self.map_px} px wide: choose 1 or more blocks with {self.map_px} divisible by 2**head_blocks"
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; expected a share in [0, 1)")

    @property
    def head_inputs(self) -> int:
        """Channels that the head sees."""
        joined = (self.modules + 1) * self.widths[-1]
        return joined if self.attention else joined + LANDMARKS

    @property
    def head_channels(self) -> int:
        """Numbers that the head has of a face after pooling."""
        return self.widths[-1] + (2 * LANDMARKS if self.geometry else 0)


def affect_head(
    config: EmoNetConfig,
    time_maps: nnx.Module | None = None,
    time_features: nnx.Module | None = None,
    *,
    rngs: nnx.Rngs,
) -> AffectHead:
    """The head of a network of these sizes, with these layers along time."""
    return AffectHead(
        config.head_inputs,
        config.widths[-1],
        blocks=config.head_blocks,
        emotions=config.emotions,
        dropout=config.dropout,
        geometry=config.head_channels - config.widths[-1],
        convolution=config.head_convolution(),
        time_maps=time_maps,
        time_features=time_features,
        rngs=rngs,
    )


def head_inputs(
    outputs: TrunkOutputs, config: EmoNetConfig
) -> tuple[Float[Array, "*batch height width joined"], Float[Array, "*batch 136"] | None]:
    """The maps that the head sees and, with `config.geometry`, where the landmarks are.

    No gradient goes through the positions: an error of emotion would move the landmarks off the face.
    """
    heatmaps, geometry = outputs.heatmaps[-1], None
    if config.geometry:
        landmarks = level(decode_heatmaps(jax.lax.stop_gradient(heatmaps).astype(jnp.float32), config.input_px))
        geometry = landmarks.reshape(*landmarks.shape[:-2], -1)
    if config.attention:
        return landmark_attention(outputs.features, outputs.hourglasses, heatmaps), geometry
    return jnp.concatenate([outputs.features, *outputs.hourglasses, heatmaps], axis=-1), geometry


class EmoNet(nnx.Module):
    """A face to valence, arousal and emotion, looking where the landmarks are.

    Source: Toisoul et al., Estimation of continuous valence and arousal levels from faces in naturalistic conditions,
    Nature Machine Intelligence 3, 2021. A factorized head is that of Kossaifi et al., CVPR 2020.
    """

    def __init__(self, config: EmoNetConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config, rngs=rngs)
        self.head = affect_head(config, rngs=rngs)
        config.resize(self, rngs=rngs)
        self.deterministic = False  # set by eval(): images do not mix
        self.execution = DIRECT
        self.set_attributes(execution=execution_named(config.execution))

    def __call__(self, images: Float[Array, "*batch height width 3"], *, rngs: nnx.Rngs | None = None) -> Predictions:
        """Linear outputs for images in [0, 1]; `rngs` feeds the dropout in training."""
        if self.deterministic:
            return by_parts(self._predictions, images, self.execution.at_once)
        return self._predictions(images, rngs)

    def _predictions(self, images: Array, rngs: nnx.Rngs | None = None) -> Predictions:
        outputs = self.trunk(images)
        emotion_logits, valence_arousal = self.head(*head_inputs(outputs, self.config), rngs=rngs)
        heatmaps = jnp.stack(outputs.heatmaps, axis=-4)
        return Predictions(valence_arousal=valence_arousal, emotion=emotion_logits, landmarks=heatmaps)
