"""A table in memory: one row per face or frame, as columns."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from affect_jax.types import Labels


@dataclasses.dataclass(frozen=True)
class Rows:
    """Predictions beside labels and the names that people know; numbers are float64."""

    label_set: str  # of emotions, in predictions and labels
    crop_px: int  # side of the crops, in whose pixels landmarks are
    source: tuple[str, ...]  # of an evaluation the name of the example; of a video its file
    subject: tuple[str, ...]
    clip: tuple[str, ...]
    frame: Int[np.ndarray, "row"]
    face: Int[np.ndarray, "row"]  # of a frame
    time_seconds: Float[np.ndarray, "row"]
    values: dict[str, Float[np.ndarray, "row ..."]]  # reported values by quantity; NaN where there is no face
    labels: Labels  # of the same quantities, where anything is labeled
    success: Bool[np.ndarray, "row"]  # whether there is a face
    boxes: Float[np.ndarray, "row 5"] | None = None  # left, top, width, height in px of the image, and score

    def __len__(self) -> int:
        return len(self.source)

    def labeled(self, name: str) -> Bool[np.ndarray, "row"]:
        """Rows with a label of a quantity."""
        return self.labels[name].weight > 0 if name in self.labels else np.zeros(len(self), bool)


def groups(keys: Sequence[str]) -> dict[str, Int[np.ndarray, "row"]]:
    """Row numbers of each key in the order of first appearance; rows of an empty key belong to no group."""
    found: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        if key:
            found.setdefault(key, []).append(row)
    return {key: np.array(members) for key, members in found.items()}
