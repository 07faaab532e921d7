"""Landmarks as heatmaps: what the trunk is trained on before it serves the affect network."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.losses.landmark import heatmap_error
from affect_jax.losses.reduce import weighted_mean
from affect_jax.tasks.labels import label_of
from affect_jax.types import LANDMARKS, Batch, Predictions, TaskVariables


@dataclasses.dataclass(frozen=True)
class LandmarksConfig:
    """What the heatmaps look like."""

    sigma_px: float = 1.0  # standard deviation of a landmark's Gaussian, in pixels of the heatmap

    def __post_init__(self):
        if self.sigma_px <= 0:
            raise ValueError(f"task.sigma_px is {self.sigma_px}; it must be positive")


def mean_heatmap_error(
    heatmaps: Float[Array, "*batch module height width 68"], batch: Batch, sigma_px: float
) -> Float[Array, ""]:
    """Mean squared difference of the heatmaps of all modules to Gaussians, over the faces with landmarks."""
    label, weight = label_of("landmarks", batch, (*batch.weight.shape, LANDMARKS, 2))
    image_px = batch.inputs.images.shape[-2]
    error = heatmap_error(heatmaps, label, weight, image_px=image_px, sigma=sigma_px)
    return weighted_mean(error, weight)


@dataclasses.dataclass(frozen=True)
class Landmarks:
    """Regression of one Gaussian heatmap for each landmark, in every hourglass module."""

    quantities = ("landmarks",)  # that it is scored by

    config: LandmarksConfig

    def fitted(self, frequency: Float[np.ndarray, "emotion"], emotions: Sequence[str]) -> "Landmarks":
        """The task as it is: emotions do not matter to it."""
        del frequency, emotions
        return self

    def require(self, predicts: Sequence[str], frames: int) -> None:
        """Images and clips serve alike."""
        del predicts, frames

    def initial(self) -> TaskVariables:
        """Nothing is carried from step to step."""
        return TaskVariables()

    def terms(
        self, predictions: Predictions, batch: Batch, memory: None = None, taught: Predictions | None = None
    ) -> tuple[dict[str, Float[Array, ""]], None]:
        """Mean squared difference of the heatmaps."""
        del memory, taught
        return {"loss/heatmaps": mean_heatmap_error(predictions["landmarks"], batch, self.config.sigma_px)}, None

    def combine(
        self, terms: dict[str, Float[Array, ""]], parameters: Mapping[str, Array], key: PRNGKeyArray | None
    ) -> Float[Array, ""]:
        """The only term."""
        del parameters, key
        return terms["loss/heatmaps"]
