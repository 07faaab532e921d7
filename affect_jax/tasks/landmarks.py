"""Landmarks as heatmaps: the task that the trunk is trained on before the affect network uses it."""

import dataclasses
from collections.abc import Collection, Mapping

from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.losses.landmark import heatmap_error
from affect_jax.losses.reduce import weighted_mean
from affect_jax.tasks.labels import get_label
from affect_jax.tasks.plain import PlainTask
from affect_jax.types import LANDMARKS, Batch, Predictions

SIGMA_PX = 1.0  # standard deviation of a landmark's Gaussian, in heatmap pixels


@dataclasses.dataclass(frozen=True)
class LandmarksConfig:
    """No options."""

    def idle(self, predicts: Collection[str], labeled: Collection[str]) -> dict[str, str]:
        """No option, so none without effect."""
        del predicts, labeled
        return {}


def mean_heatmap_error(heatmaps: Float[Array, "*batch module height width 68"], batch: Batch) -> Float[Array, ""]:
    """Mean squared error between the heatmaps of all modules and Gaussians, over the faces with landmark labels."""
    label, weight = get_label("landmarks", batch, (*batch.weight.shape, LANDMARKS, 2))
    image_px = batch.inputs.images.shape[-2]
    error = heatmap_error(heatmaps, label, weight, image_px=image_px, sigma=SIGMA_PX)
    return weighted_mean(error, weight)


@dataclasses.dataclass(frozen=True)
class Landmarks(PlainTask):
    """Regression of one Gaussian heatmap per landmark, in every hourglass module."""

    quantities = ("landmarks",)  # evaluated

    config: LandmarksConfig

    def terms(
        self,
        predictions: Predictions,
        batch: Batch,
        memory: None = None,
        teacher_predictions: Predictions | None = None,
    ) -> tuple[dict[str, Float[Array, ""]], None]:
        """The mean squared error of the heatmaps."""
        del memory, teacher_predictions
        return {"loss/heatmaps": mean_heatmap_error(predictions["landmarks"], batch)}, None

    def combine(
        self, terms: dict[str, Float[Array, ""]], parameters: Mapping[str, Array], key: PRNGKeyArray | None
    ) -> Float[Array, ""]:
        """The only term."""
        del parameters, key
        return terms["loss/heatmaps"]
