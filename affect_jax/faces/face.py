"""One face of an image: what all finders return."""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8

Image = UInt8[np.ndarray, "height width 3"]  # RGB
Box = tuple[float, float, float, float]  # left, top, width, height


@dataclasses.dataclass(frozen=True, eq=False)  # arrays have no truth value: faces are equal if they are one object
class Face:
    """One face in an image; all lengths in pixels of the image."""

    landmarks: Float[np.ndarray, "68 2"]  # iBUG order
    box: Box  # of the mesh
    score: float  # probability that the mesh lies on a face
    mesh: Float[np.ndarray, "478 3"]
    number: int = 0  # of its track, from 0 in the order of first sight; constant in a recording
    quality: float = 1.0  # in [0, 1], see `faces.quality`
    blendshapes: Float[np.ndarray, "52"] | None = None  # in [0, 1], named in `faces.blendshapes`; None if not asked for
    others: int | None = None  # number of other faces in the image; None if unknown

    @property
    def middle(self) -> Float[np.ndarray, "2"]:
        """The center of the box."""
        left, top, width, height = self.box
        return np.array([left + width / 2, top + height / 2])

    @property
    def size_px(self) -> float:
        """The geometric mean of width and height of the box."""
        return float(np.sqrt(self.box[2] * self.box[3]))


def overlap(first: Box, second: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    common = max(width, 0.0) * max(height, 0.0)
    union = first[2] * first[3] + second[2] * second[3] - common
    return common / union if union > 0 else 0.0


def moved(box: Box, offset: Float[np.ndarray, "2"]) -> Box:
    """The box at another place."""
    return (box[0] + float(offset[0]), box[1] + float(offset[1]), box[2], box[3])


def enlarged(box: Box, factor: float) -> Box:
    """The box with sides longer by a factor, about the same center."""
    width, height = box[2] * factor, box[3] * factor
    return (box[0] - (width - box[2]) / 2, box[1] - (height - box[3]) / 2, width, height)
