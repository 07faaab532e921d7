"""From a frame to its faces and their crops."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.face import Face
from affect_jax.ops.geometry import Crop, crop_matrix, image_crop, landmark_crop
from affect_jax.ops.image import warp_image
from affect_jax.predict.continuity import Continuity
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame


@runtime_checkable
class Tracks(Protocol):
    """Finds the faces of the frames of a recording and numbers them; `faces.tracks.FaceTracks` is one."""

    def find(
        self, image: UInt8[np.ndarray, "height width 3"], time_seconds: float, restarts: bool = False
    ) -> list[Face]: ...

    def reset(self) -> None: ...


MakeTracks = Callable[[float], Tracks]  # from the usual time between two frames, in seconds


class Faces:
    """The faces of a recording, frame by frame; without tracks, each frame is the crop."""

    def __init__(self, predictor: Predictor, tracks: Tracks | None, step_seconds: float):
        """`step_seconds`: usual time between two frames."""
        self._predictor = predictor
        self._tracks = tracks
        self._step_seconds = step_seconds
        self.forget()

    def forget(self) -> None:
        """Begins a new recording."""
        self._continuity = Continuity(self._step_seconds)  # of frames that are crops
        if self._tracks is not None:
            self._tracks.reset()

    def find(self, frame: Frame) -> list[Row]:
        """Returns the rows of a frame, still without predictions: one for each face, or one without a face."""
        if self._tracks is None:
            self._continuity.ends(frame)
            self._continuity.follow(frame, None, self._continuity.is_cut(frame))
            crop = whole_frame(frame.image, self._predictor.crop_px)
            return [self._row(frame, crop, self._continuity.face)]
        found = self._tracks.find(frame.image, frame.time_seconds, frame.restarts)
        rows = [self._row_of_face(frame, face) for face in found if is_on_image(face.landmarks, frame.image)]
        return rows or [self._row(frame)]

    def _row_of_face(self, frame: Frame, face: Face) -> Row:
        region = landmark_crop(face.landmarks, self._predictor.crop)
        return self._row(
            frame,
            _cut(frame.image, region, self._predictor.crop_px),
            face.number,
            box=face.box,
            score=face.score,
            quality=face.quality,
            landmarks=face.landmarks,
            blendshapes=face.blendshapes,
            image=frame.image if self._predictor.crop.one_box else None,
        )

    def _row(self, frame: Frame, crop: np.ndarray | None = None, face: int | None = None, **found: object) -> Row:
        return Row(frame.name, frame.index, frame.time_seconds, crop, face=face, **found)


def whole_frame(image: UInt8[np.ndarray, "height width 3"], size_px: int) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """The whole frame as the crop, undistorted, with black borders if it is not square."""
    return _cut(image, image_crop(image.shape), size_px)


def _cut(
    image: UInt8[np.ndarray, "height width 3"], region: Crop, size_px: int
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    return warp_image(image, crop_matrix(region, size_px), size_px, region.warp)


def is_on_image(landmarks: Float[np.ndarray, "68 2"], image: UInt8[np.ndarray, "height width 3"]) -> bool:
    """Whether the crop around the landmarks would overlap the image; faces may extend over its border."""
    if not np.isfinite(landmarks).all():
        return False
    low, high = landmarks.min(0), landmarks.max(0)
    size = np.array([image.shape[1], image.shape[0]])
    return bool(((high > low) & (low < size) & (high > 0)).all())
