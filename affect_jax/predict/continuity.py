"""Whether a face goes on from frame to frame: where it does not, networks with a memory start again."""

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.ops.geometry import Crop, crop_matrix
from affect_jax.ops.image import warp_image
from affect_jax.ops.labels_over_time import CLOCK_TOLERANCE_SECONDS
from affect_jax.ops.sequence import longest_gap_seconds
from affect_jax.predict.sighting import Box
from affect_jax.predict.sources import Frame

SIZE_PX = 16  # of the image around a face that is compared
REGION = 1.5  # its side over the longer side of the box
QUICK_SECONDS = 0.1  # frames at most this far apart are compared strictly
# Between frames 42 ms apart of a lively face, correlations are 0.94 and more, half a second apart 0.67; between
# photographs of different people, all centered, half are below 0.74 (docs/decisions/prediction.md).
SAME_IMAGE_QUICK, SAME_IMAGE = 0.85, 0.5
SAME_PLACE_QUICK, SAME_PLACE = 0.3, 0.1  # intersection over union of boxes


class Continuity:
    """Numbers the faces of a recording, and tells where the memory of a network ends.

    A memory ends where a new face begins, where the time stamps run backwards, and after a gap longer than those inside
    windows. A new face begins where the box jumps, and at a cut: where the image around the last face changes at once.
    """

    def __init__(self, step_seconds: float):
        """`step_seconds`: usual time between two frames."""
        self.face = 0
        self._longest_gap = longest_gap_seconds(step_seconds) + CLOCK_TOLERANCE_SECONDS
        self._time: float | None = None  # of the last frame with a face; None if nothing is remembered
        self._place: Box | None = None  # of the last face, in fractions of the frame
        self._look: Float[np.ndarray, ...] | None = None  # of the image there
        self._restarted = False
        self._seen = False  # any face

    def ends(self, frame: Frame) -> bool:
        """Whether the memory has ended by the time of a frame, whatever is found in it."""
        self._restarted |= frame.restarts
        if self._time is None:
            return False
        if self._restarted or frame.time_seconds - self._time > self._longest_gap:
            self._time = None
            return True
        return False

    def is_cut(self, frame: Frame) -> bool:
        """Whether the image has changed at once around the last face."""
        if self._look is None:
            return False
        limit = SAME_IMAGE_QUICK if self._is_quick(frame) else SAME_IMAGE
        return _correlation(self._look, _look(frame.image, self._place)) < limit

    def follow(self, frame: Frame, box: Box | None, cut: bool) -> bool:
        """Takes the face of a frame; returns whether it is a new one. The frame itself is the face if `box` is None."""
        height, width = frame.image.shape[:2]
        place = (0.0, 0.0, 1.0, 1.0)
        if box is not None:
            place = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
        new = False
        if self._seen:
            limit = SAME_PLACE_QUICK if self._is_quick(frame) else SAME_PLACE
            new = cut or overlap(self._place, place) < limit
        self.face += new
        self._seen = True
        self._time = frame.time_seconds
        self._restarted = False
        self._place = place
        self._look = _look(frame.image, place)
        return new

    def _is_quick(self, frame: Frame) -> bool:
        return self._time is not None and frame.time_seconds - self._time <= QUICK_SECONDS


def overlap(first: Box, second: Box) -> float:
    """Intersection over union of two boxes (left, top, width, height)."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    common = max(width, 0.0) * max(height, 0.0)
    union = first[2] * first[3] + second[2] * second[3] - common
    return common / union if union > 0 else 0.0


def _look(image: UInt8[np.ndarray, "height width 3"], place: Box) -> Float[np.ndarray, "..."]:
    """A small image around a place, without its mean."""
    height, width = image.shape[:2]
    left, top, wide, high = place[0] * width, place[1] * height, place[2] * width, place[3] * height
    side = REGION * max(wide, high, 1.0)
    region = Crop(left + wide / 2, top + high / 2, side)
    small = warp_image(image, crop_matrix(region, SIZE_PX), SIZE_PX).astype(np.float64)
    return small - small.mean()


def _correlation(first: Float[np.ndarray, "..."], second: Float[np.ndarray, "..."]) -> float:
    """Correlation of two images without their means; 1 if one of them is flat."""
    norm = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / norm) if norm > 0 else 1.0
