"""From a frame to the crop of its face."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.finder import Face
from affect_jax.ops.geometry import Crop, crop_matrix, image_crop, landmark_crop
from affect_jax.ops.image import warp_image
from affect_jax.predict.continuity import Continuity
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame


@runtime_checkable
class Finder(Protocol):
    """Finds the primary face; `faces.finder.FaceFinder` is one."""

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None: ...

    def reset(self) -> None: ...


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
        self._continuity = Continuity(self._step_seconds)
        self._search_again()

    def _search_again(self) -> None:
        if self._finder is not None:
            self._finder.reset()

    def find(self, frame: Frame) -> tuple[Row, bool]:
        """Returns the row of a frame, still without predictions, and whether a network has to start again with it."""
        ends = self._continuity.ends(frame)
        if ends:
            self._search_again()
        if self._finder is None:
            new = self._continuity.follow(frame, None, self._continuity.is_cut(frame))
            crop = whole_frame(frame.image, self._predictor.crop_px)
            return Row(frame.name, frame.index, frame.time_seconds, crop, face=self._continuity.face), ends or new
        face = self._find(frame)
        cut = face is not None and self._continuity.is_cut(frame)
        if cut:  # the finder followed the last face to a place where another one may be
            self._search_again()
            face = self._find(frame)
        if face is None:
            return Row(frame.name, frame.index, frame.time_seconds, face=self._continuity.face), ends
        new = self._continuity.follow(frame, face.box, cut)
        return self._row(frame, face), ends or new

    def _row(self, frame: Frame, face: Face) -> Row:
        region = landmark_crop(face.landmarks, self._predictor.crop)
        return Row(
            frame.name,
            frame.index,
            frame.time_seconds,
            crop=_cut(frame.image, region, self._predictor.crop_px),
            box=face.box,
            score=face.score,
            landmarks=face.landmarks,
            face=self._continuity.face,
            others=face.others,
        )

    def _find(self, frame: Frame) -> Face | None:
        face = self._finder.find(frame.image)
        return face if face is not None and _on_image(face.landmarks, frame.image) else None


def _on_image(landmarks: Float[np.ndarray, "68 2"], image: UInt8[np.ndarray, "height width 3"]) -> bool:
    """Whether the crop around the landmarks would overlap the image; faces may extend over its border."""
    if not np.isfinite(landmarks).all():
        return False
    low, high = landmarks.min(0), landmarks.max(0)
    size = np.array([image.shape[1], image.shape[0]])
    return bool(((high > low) & (low < size) & (high > 0)).all())


def whole_frame(image: UInt8[np.ndarray, "height width 3"], size_px: int) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """The whole frame as the crop, undistorted, with black borders if it is not square."""
    return _cut(image, image_crop(image.shape), size_px)


def _cut(
    image: UInt8[np.ndarray, "height width 3"], region: Crop, size_px: int
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    return warp_image(image, crop_matrix(region, size_px), size_px, region.warp)
