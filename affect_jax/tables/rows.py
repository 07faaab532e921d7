"""A table in memory: one row per face or frame, stored by column."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from affect_jax.types import Labels

NO_FACE = -1  # the number of the face in a row without one


@dataclasses.dataclass(frozen=True)
class Rows:
    """Predictions with their labels and the identity of each face; numbers are float64."""

    label_set: str  # of emotions, in predictions and labels
    crop_px: int  # side of the crops; landmarks are in crop pixels
    source: tuple[str, ...]  # in an evaluation, the name of the example; for a video, its file
    subject: tuple[str, ...]
    clip: tuple[str, ...]
    frame: Int[np.ndarray, "row"]
    face: Int[np.ndarray, "row"]  # its number in the recording; `NO_FACE` if there is none
    time_seconds: Float[np.ndarray, "row"]
    values: dict[str, Float[np.ndarray, "row ..."]]  # reported values by quantity; NaN if there is no face
    labels: Labels  # of the quantities that are labeled
    success: Bool[np.ndarray, "row"]  # whether there is a face
    boxes: Float[np.ndarray, "row 5"] | None = None  # left, top, width, height in image px, and score
    quality: Float[np.ndarray, "row"] | None = None  # of the face, in [0, 1]; NaN if unknown
    included: dict[str, Float[np.ndarray, "row column"]] = dataclasses.field(default_factory=dict)  # optional groups

    def __len__(self) -> int:
        return len(self.source)

    def labeled(self, name: str) -> Bool[np.ndarray, "row"]:
        """Which rows have a label for the quantity."""
        if name not in self.labels:
            return np.zeros(len(self), bool)
        return self.labels[name].weight > 0


def group_rows(keys: Sequence[str]) -> dict[str, Int[np.ndarray, "row"]]:
    """Row numbers by key, in order of first appearance; rows with an empty key belong to no group."""
    found: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        if key:
            found.setdefault(key, []).append(row)
    return {key: np.array(members) for key, members in found.items()}
