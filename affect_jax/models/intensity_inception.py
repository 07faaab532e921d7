"""Emotion intensity of a still face: Inception v1 with BatchNorm, from which I3D is inflated."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.inception import Inception, InceptionConfig
from affect_jax.models.intensity import LAYER, linear_layer, quantities_of, split_outputs
from affect_jax.nn.inception import IMAGE, outputs_of
from affect_jax.ops.image_checks import check_crops
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class IntensityInceptionConfig(InceptionConfig):
    """Sizes of the network; the defaults are the published ones."""

    @property
    def contract(self) -> Contract:
        """Images to the intensity of each emotion."""
        return Contract(
            predicts=quantities_of(self.emotions_rated),
            input_px=self.input_px,
            features=outputs_of(self.blocks["5c"]),
            outputs=(LAYER,),
        )


class IntensityInception(Inception):
    """Inception v1 for single faces with a head for each emotion.

    All layers have the names that they have in I3D, which starts from them by initialize.rule=inflate_mean.
    Source: Szegedy et al., CVPR 2015, with 3x3 instead of 5x5 kernels and BatchNorm, as the images' network of Carreira
    and Zisserman, CVPR 2017.
    """

    def __init__(self, config: IntensityInceptionConfig, *, rngs: nnx.Rngs):
        super().__init__(config, IMAGE, rngs=rngs)

    def __call__(self, images: Float[Array, "batch height width 3"], *, rngs: nnx.Rngs | None = None) -> Predictions:
        """Raw outputs [batch, form] for each emotion; images in [0, 1].

        ValueError if the images are of another size, dtype, layout or range.
        """
        check_crops(images, self.config.input_px, over_time=False)
        pooled = self.maps(images).mean((1, 2))
        predictions = split_outputs(self.logits(self.dropout(pooled, rngs=rngs)), self.config.emotions_rated)
        return predictions.replace(features=pooled.astype(jnp.float32)) if self.gives_features else predictions

    def affect_layers(self) -> dict[str, Float[np.ndarray, "..."]]:
        """The linear layer from pooled features to the raw outputs of all heads."""
        return linear_layer(self.logits)
