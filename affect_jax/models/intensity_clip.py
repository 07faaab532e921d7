"""Emotion intensity of every frame of a clip: the clip network up to its pooled features, with other heads."""

import dataclasses
import functools

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.clip import ClipBackbone, ClipBackboneConfig
from affect_jax.models.contract import Contract
from affect_jax.models.head import pooled_channels, pooling_head
from affect_jax.models.intensity import LAYER, check_heads, linear_layer, output_count, quantities_of, split_outputs
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class IntensityClipConfig(ClipBackboneConfig):
    """Sizes as in the clip network; head.dropout applies to the pooled features."""

    emotions_rated: tuple[str, ...] = ("happy",)  # for each of them a head
    form: str = "classes"  # classes | ordinal | regression

    def __post_init__(self):
        check_heads(self.emotions_rated, self.form)
        super().__post_init__()

    @property
    def contract(self) -> Contract:
        """Clips to the intensity of each emotion in every frame."""
        return self.predicting(quantities_of(self.emotions_rated), (LAYER,))


class IntensityClip(ClipBackbone):
    """The clip network with a linear layer on its pooled features in place of the last two layers.

    All other layers have the names that they have in the clip network, whose weights can be copied.
    """

    def __init__(self, config: IntensityClipConfig, *, rngs: nnx.Rngs):
        super().__init__(config, functools.partial(pooling_head, config.trunk, config.head), rngs=rngs)
        self.dropout = nnx.Dropout(config.head.dropout)
        outputs = output_count(config.emotions_rated, config.form)
        self.logits = nnx.Linear(pooled_channels(config.trunk, config.head), outputs, rngs=rngs)

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Raw outputs [batch, time, form] for each emotion; frames in [0, 1].

        With an average over frames, it is taken of the pooled features, which is the same as of the outputs.

        ValueError if the frames are of another size, dtype, layout or range.
        """
        pooled = self.average(self.pool(clips, rngs=rngs))
        predictions = split_outputs(self.logits(self.dropout(pooled, rngs=rngs)), self.config.emotions_rated)
        return predictions.replace(features=pooled.astype(jnp.float32)) if self.gives_features else predictions

    def affect_layers(self) -> dict[str, Float[np.ndarray, "..."]]:
        """The linear layer from pooled features to the raw outputs of all heads."""
        return linear_layer(self.logits)
