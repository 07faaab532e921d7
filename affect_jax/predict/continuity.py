"""Whether a face goes on from frame to frame: where it does not, networks with a memory start again."""

import math

import numpy as np
from jaxtyping import Float

from affect_jax.faces.face import Box, overlap
from affect_jax.faces.scene import correlation, same_image_limit, same_place_limit, view_around
from affect_jax.ops.labels_over_time import CLOCK_TOLERANCE_SECONDS
from affect_jax.ops.sequence import longest_gap_seconds
from affect_jax.predict.sources import Frame


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
        limit = same_image_limit(self._elapsed(frame))
        return correlation(self._look, view_around(frame.image, self._place)) < limit

    def follow(self, frame: Frame, box: Box | None, cut: bool) -> bool:
        """Takes the face of a frame; returns whether it is a new one. The frame itself is the face if `box` is None."""
        height, width = frame.image.shape[:2]
        place = (0.0, 0.0, 1.0, 1.0)
        if box is not None:
            place = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
        new = False
        if self._seen:
            new = cut or overlap(self._place, place) < same_place_limit(self._elapsed(frame))
        self.face += new
        self._seen = True
        self._time = frame.time_seconds
        self._restarted = False
        self._place = place
        self._look = view_around(frame.image, place)
        return new

    def _elapsed(self, frame: Frame) -> float:
        """Seconds since the last frame with a face; infinite if nothing is remembered."""
        return frame.time_seconds - self._time if self._time is not None else math.inf
