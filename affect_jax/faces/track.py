"""One face of a recording from frame to frame: where it was last, and where it should be now."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from affect_jax.faces.face import Box, Face, moved
from affect_jax.faces.scene import QUICK_SECONDS

VELOCITY_SECONDS = 0.2  # time constant of the average over velocities
QUICK_GROWTH = 1.25  # more than a face may grow or shrink between frames up to 0.1 s apart
COASTING_SECONDS = 1.0  # so long a face that is out of sight is taken to move on


@dataclasses.dataclass(eq=False)
class Track:
    """A face with a number, as it was when it was last seen."""

    number: int
    face: Face
    seen_seconds: float
    view: Float[np.ndarray, "..."]  # of the image around it, see `faces.scene`
    velocity: Float[np.ndarray, "2"] = dataclasses.field(default_factory=lambda: np.zeros(2))  # px/s

    def follow(self, face: Face, time_seconds: float, view: Float[np.ndarray, "..."]) -> None:
        """Takes the face of the next frame in which it is seen."""
        elapsed = time_seconds - self.seen_seconds
        if elapsed > 0:
            weight = 1 - math.exp(-elapsed / VELOCITY_SECONDS)
            self.velocity = self.velocity + weight * ((face.middle - self.face.middle) / elapsed - self.velocity)
        self.face, self.seen_seconds, self.view = face, time_seconds, view

    def may_become(self, face: Face, time_seconds: float) -> bool:
        """Whether it may have become a face of that size: a mesh that is half on another face grows at once."""
        ratio = face.size_px / self.face.size_px
        return time_seconds - self.seen_seconds > QUICK_SECONDS or 1 / QUICK_GROWTH < ratio < QUICK_GROWTH

    def way(self, time_seconds: float) -> Float[np.ndarray, "2"]:
        """Returns the way in pixels from where it was seen to where it should be, at constant velocity."""
        return self.velocity * min(max(time_seconds - self.seen_seconds, 0.0), COASTING_SECONDS)

    def box(self, time_seconds: float) -> Box:
        """Returns the box where it should be."""
        return moved(self.face.box, self.way(time_seconds))

    def landmarks(self, time_seconds: float) -> Float[np.ndarray, "68 2"]:
        """Returns the landmarks where they should be."""
        return self.face.landmarks + self.way(time_seconds)
