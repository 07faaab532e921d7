"""The static affect network: landmark trunk, landmark attention, affect head."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.fan import FAN, TrunkConfig
from affect_jax.models.head import (
    OUTPUT_LAYERS,
    HeadConfig,
    affect_head,
    check_emotions,
    check_sizes,
    head_inputs,
    pooled_channels,
    resize_layers,
)
from affect_jax.nn.execution import DIRECT, check_execution, execution_named
from affect_jax.nn.experts import MixtureConfig
from affect_jax.ops.image_checks import check_crops
from affect_jax.ops.parts import map_in_parts
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class EmoNetConfig:
    """Sizes of the network; the defaults are the published ones with 8 emotions (13,963,410 parameters).

    experts: a mixture that predicts valence and arousal in place of the last two layers; launch.join_experts adds it.
    """

    trunk: TrunkConfig = dataclasses.field(default_factory=TrunkConfig)
    head: HeadConfig = dataclasses.field(default_factory=HeadConfig)
    execution: str = "auto"  # see `nn.execution.EXECUTIONS`
    emotions: int = 8
    experts: MixtureConfig = dataclasses.field(default_factory=MixtureConfig)

    def __post_init__(self):
        check_execution(self.execution)
        check_emotions(self.emotions)
        check_sizes(self.trunk, self.head)

    @property
    def contract(self) -> Contract:
        """Images to valence, arousal, emotion and (as heatmaps) landmarks."""
        return Contract(
            predicts=("valence_arousal", "emotion", "landmarks"),
            input_px=self.trunk.input_px,
            execution=self.execution,
            features=pooled_channels(self.trunk, self.head),
            outputs=OUTPUT_LAYERS,
            largest_map=self.trunk.largest_map,
        )


class EmoNet(nnx.Module):
    """Valence, arousal and emotion of a face, with attention to its landmarks.

    Source: Toisoul et al., Estimation of continuous valence and arousal levels from faces in naturalistic conditions,
    Nature Machine Intelligence 3, 2021. The factorized head follows Kossaifi et al., CVPR 2020.
    """

    def __init__(self, config: EmoNetConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config.trunk, rngs=rngs)
        self.head = affect_head(config.trunk, config.head, config.experts, config.emotions, rngs=rngs)
        resize_layers(self, config.head, rngs=rngs)
        self.gives_features = False  # set by models.features.with_features
        self.deterministic = False  # set by eval(): images do not mix
        self.execution = DIRECT
        self.set_attributes(execution=execution_named(config.execution))

    def __call__(self, images: Float[Array, "*batch height width 3"], *, rngs: nnx.Rngs | None = None) -> Predictions:
        """Linear outputs for images in [0, 1]; `rngs` is used for dropout in training.

        ValueError if the images are of another size, dtype, layout or range.
        """
        check_crops(images, self.config.trunk.input_px)
        if self.deterministic:
            return map_in_parts(self._predictions, images, self.execution.at_once)
        return self._predictions(images, rngs)

    def _predictions(self, images: Array, rngs: nnx.Rngs | None = None) -> Predictions:
        outputs = self.trunk(images)
        inputs = head_inputs(outputs, self.config.trunk, self.config.head)
        pooled = self.head.pool(*inputs, rngs=rngs)
        emotion_logits, valence_arousal = self.head.from_features(pooled, rngs=rngs)
        heatmaps = jnp.stack(outputs.heatmaps, axis=-4)
        predictions = Predictions(valence_arousal=valence_arousal, emotion=emotion_logits, landmarks=heatmaps)
        return predictions.replace(features=pooled.astype(jnp.float32)) if self.gives_features else predictions

    def affect_layers(self) -> dict[str, Float[np.ndarray, "..."]] | None:
        """The layers from pooled features to valence and arousal; see `AffectHead.affect_layers`."""
        return self.head.affect_layers()
