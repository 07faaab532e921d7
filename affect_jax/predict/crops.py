"""From a frame to the crop of its face."""

import numpy as np
from jaxtyping import UInt8

from affect_jax.faces.face import Face
from affect_jax.ops.geometry import Crop, crop_matrix, image_crop, landmark_crop
from affect_jax.ops.image import warp_image
from affect_jax.predict.continuity import Continuity
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame
from affect_jax.predict.tracking import Finder, Tracker


class Faces:
    """Finds and follows the face of a recording; without a finder, each frame is the crop."""

    def __init__(self, predictor: Predictor, finder: Finder | None, step_seconds: float):
        """`step_seconds`: usual time between two frames."""
        self._predictor = predictor
        self._finder = finder
        self._step_seconds = step_seconds
        self.forget()

    def forget(self) -> None:
        """Begins a new recording."""
        self._continuity = Continuity(self._step_seconds)  # of frames that are crops
        self._tracker = None if self._finder is None else Tracker(self._finder, self._step_seconds)

    def find(self, frame: Frame) -> tuple[Row, bool]:
        """Returns the row of a frame, still without predictions, and whether a network has to start again with it."""
        if self._tracker is None:
            ends = self._continuity.ends(frame)
            new = self._continuity.follow(frame, None, self._continuity.is_cut(frame))
            crop = whole_frame(frame.image, self._predictor.crop_px)
            return Row(frame.name, frame.index, frame.time_seconds, crop, face=self._continuity.face), ends or new
        face, starts = self._tracker.find(frame)
        if face is None:
            return Row(frame.name, frame.index, frame.time_seconds, face=self._tracker.number), starts
        return self._row(frame, face, self._tracker.number), starts

    def _row(self, frame: Frame, face: Face, number: int) -> Row:
        region = landmark_crop(face.landmarks, self._predictor.crop)
        return Row(
            frame.name,
            frame.index,
            frame.time_seconds,
            crop=_cut(frame.image, region, self._predictor.crop_px),
            box=face.box,
            score=face.score,
            landmarks=face.landmarks,
            face=number,
            others=face.others,
        )


def whole_frame(image: UInt8[np.ndarray, "height width 3"], size_px: int) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """The whole frame as the crop, undistorted, with black borders if it is not square."""
    return _cut(image, image_crop(image.shape), size_px)


def _cut(
    image: UInt8[np.ndarray, "height width 3"], region: Crop, size_px: int
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    return warp_image(image, crop_matrix(region, size_px), size_px, region.warp)
