"""From frames to rows, in order and in bounded memory: finds the face, crops it, and runs the network in batches."""

import collections
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.finder import Face
from affect_jax.ops.geometry import Crop, crop_matrix, crop_name, landmark_crop
from affect_jax.ops.image import warp_image
from affect_jax.predict.predictor import Predictor, Values
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame
from affect_jax.predict.windows import make_runner
from affect_jax.tables.schema import Schema

MAX_WAITING_BATCHES = 4  # a partial batch of a static network is run once this many batches of rows are waiting
MAX_WAITING_BYTES = 2**28  # or, if images are kept, once the waiting ones take up this much memory


@runtime_checkable
class Finder(Protocol):
    """Finds the primary face; `faces.finder.FaceFinder` is one."""

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None: ...

    def reset(self) -> None: ...


def make_schema(predictor: Predictor, whole_frame: bool) -> Schema:
    """The schema of a table predicted by this network."""
    return Schema(
        model=predictor.name,
        crop=crop_name(predictor.crop_px, None if whole_frame else predictor.side_ratio),
        crop_px=predictor.crop_px,
        label_set=predictor.label_set,
        quantities=predictor.quantities,
        boxes=True,
    )


def estimate(
    predictor: Predictor,
    frames: Iterable[Frame],
    finder: Finder | None,
    connected: bool = True,
    keep_images: bool = False,
) -> Iterator[tuple[Frame, Row]]:
    """Yields each frame with its row, in order.

    Args:
      predictor: the network.
      frames: in order.
      finder: finds the face; if None, each frame is treated as a face crop.
      connected: whether the frames form a video; if not, nothing is carried from one frame to the next.
      keep_images: whether the yielded frames keep their images. With a clip network, frames wait until their windows
        are full, so images are only kept if needed.

    A frame without a face resets the state of a clip network.
    """
    network = make_runner(predictor)
    waiting = _Waiting(keep_images)
    if finder is not None:
        finder.reset()
    for frame in frames:
        row = _find_face(predictor, frame, finder)
        waiting.put(frame, row)
        if row.crop is not None:
            waiting.answer(network.push(row.crop))
        if predictor.frames is None:
            ends = waiting.is_long(predictor.batch)
        else:
            ends = not connected or row.crop is None
        if ends:
            waiting.answer(network.flush())
        if not connected and finder is not None:
            finder.reset()
        yield from waiting.ready()
    waiting.answer(network.flush())
    yield from waiting.ready()


class _Waiting:
    """A queue of frames and rows; those with a crop wait for the network's values."""

    def __init__(self, keep_images: bool):
        self._keep_images = keep_images
        self._queue: collections.deque[tuple[Frame, Row]] = collections.deque()
        self._values: collections.deque[Values] = collections.deque()

    def put(self, frame: Frame, row: Row) -> None:
        if not self._keep_images:
            frame = dataclasses.replace(frame, image=None)
        self._queue.append((frame, row))

    def answer(self, values: list[Values]) -> None:
        """Adds the values of the next frames with a crop."""
        self._values.extend(values)

    def is_long(self, batch: int) -> bool:
        """Whether the network should run although its batch is not full."""
        if len(self._queue) > MAX_WAITING_BATCHES * batch:
            return True
        return self._keep_images and sum(frame.image.nbytes for frame, _ in self._queue) > MAX_WAITING_BYTES

    def ready(self) -> Iterator[tuple[Frame, Row]]:
        """Yields the entries at the head of the queue that are complete."""
        while self._queue and (self._queue[0][1].crop is None or self._values):
            frame, row = self._queue.popleft()
            if row.crop is not None:
                row = dataclasses.replace(row, values=self._values.popleft())
            yield frame, row


def _find_face(predictor: Predictor, frame: Frame, finder: Finder | None) -> Row:
    """The row of a frame, still without predictions."""
    row = Row(frame.name, frame.index, frame.time_seconds)
    if finder is None:
        return dataclasses.replace(row, crop=whole_frame(frame.image, predictor.crop_px))
    face = finder.find(frame.image)
    if face is None or not _on_image(face.landmarks, frame.image):
        return row
    matrix = crop_matrix(landmark_crop(face.landmarks, predictor.side_ratio), predictor.crop_px)
    crop = warp_image(frame.image, matrix, predictor.crop_px)
    return dataclasses.replace(row, crop=crop, box=face.box, score=face.score, landmarks=face.landmarks)


def _on_image(landmarks: Float[np.ndarray, "68 2"], image: UInt8[np.ndarray, "height width 3"]) -> bool:
    """Whether the crop around the landmarks would overlap the image; faces may extend over its border."""
    if not np.isfinite(landmarks).all():
        return False
    low, high = landmarks.min(0), landmarks.max(0)
    size = np.array([image.shape[1], image.shape[0]])
    return bool(((high > low) & (low < size) & (high > 0)).all())


def whole_frame(image: UInt8[np.ndarray, "height width 3"], size_px: int) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """The whole frame as the crop, undistorted, with black borders if it is not square."""
    height, width = image.shape[:2]
    region = Crop((width - 1) / 2, (height - 1) / 2, float(max(height, width)))
    return warp_image(image, crop_matrix(region, size_px), size_px)
