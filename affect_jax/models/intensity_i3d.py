"""Emotion intensity of the newest frame of a clip: the inflated Inception network (I3D), with a head per emotion."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.inception import Inception, InceptionConfig
from affect_jax.models.intensity import LAYER, linear_layer, quantities_of, split_outputs
from affect_jax.nn.inception import CLIP, outputs_of
from affect_jax.ops.image_checks import check_crops
from affect_jax.types import Predictions

LEAST_FRAMES = 9  # fewer leave one time step before an average over two


@dataclasses.dataclass(frozen=True)
class IntensityI3DConfig(InceptionConfig):
    """Sizes of the network; the defaults are the published ones: 12,291,259 parameters for one emotion."""

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


class IntensityI3D(Inception):
    """I3D for RGB clips with a head for each emotion.

    The logits of all time steps are averaged, as in the published program; of 16 frames, one time step is left.
    Source: Carreira and Zisserman, CVPR 2017; Ouyang et al. (emotion intensity from video), 3.3.
    """

    def __init__(self, config: IntensityI3DConfig, *, rngs: nnx.Rngs):
        super().__init__(config, CLIP, rngs=rngs)

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
        pooled = self.maps(clips).mean((2, 3))
        return (pooled[:, 1:] + pooled[:, :-1]) / 2
