"""The 68 landmarks of the iBUG scheme, in pixels."""

import dataclasses
from types import MappingProxyType

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from affect_jax.metrics.landmark import LandmarkError, landmark_scores
from affect_jax.ops.geometry import inside, transform_landmarks
from affect_jax.ops.heatmap import decode_heatmaps
from affect_jax.quantities.quantity import Quantity
from affect_jax.types import LANDMARKS, ArrayLike, Label

COLUMNS = tuple(f"{axis}_{number}" for number in range(LANDMARKS) for axis in "xy")


@dataclasses.dataclass(frozen=True)
class Landmarks(Quantity):
    """Labels are (x, y) per landmark; raw outputs are heatmaps, and the reported value is the peak of each."""

    name = "landmarks"
    description = "68 landmarks as (x, y) in pixels"
    unit = "px"
    headline = MappingProxyType({"nme": "NME"})
    rated = False
    located = True

    def label_shape(self, label_set: str) -> tuple[int, ...]:
        """(68, 2)."""
        del label_set
        return (LANDMARKS, 2)

    def crop(self, value: Float[np.ndarray, "68 2"], matrix: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "68 2"]:
        """Maps landmarks to pixels of the crop, including those outside it; a mirrored crop swaps left and right."""
        return transform_landmarks(value, matrix).astype(np.float32)

    def mix(self, one: Label, other: Label, share: Float[np.ndarray, "*batch"]) -> Label:
        """Landmarks cannot be blended: each image keeps its own, weighted by its share."""
        del other
        return Label(one.value, (share * one.weight).astype(one.weight.dtype))

    def report(
        self, output: Float[ArrayLike, "*batch module height width 68"], crop_px: int
    ) -> Float[ArrayLike, "*batch 68 2"]:
        """Returns the peak of each heatmap of the last hourglass, in pixels of the crop."""
        decoded = decode_heatmaps(jnp.asarray(output[..., -1, :, :, :]), crop_px)
        return decoded if isinstance(output, Array) else np.asarray(decoded, output.dtype)

    def columns(self, label_set: str) -> tuple[str, ...]:
        """ "x_0", "y_0", "x_1", ... in pixels of the crop."""
        del label_set
        return COLUMNS

    def summarize(
        self, values: Float[np.ndarray, "row 68 2"], seconds: Float[np.ndarray, "row"], label_set: str
    ) -> dict[str, float | str]:
        """Nothing: places in crops have no meaning over a recording."""
        del values, seconds, label_set
        return {}

    def state(self, value: Float[ArrayLike, "*batch 68 2"], label: Label, crop_px: int) -> LandmarkError:
        """Error of the landmarks whose labels lie inside the crop."""
        present = inside(label.value, crop_px) * (label.weight > 0)[..., None].astype(value.dtype)
        return LandmarkError.of(value, label.value, present)

    def scores(self, state: LandmarkError) -> dict[str, float]:
        """ "nme": mean error divided by the distance between the outer eye corners."""
        return landmark_scores(state)
