"""Frames in, rows out, in order and in bounded memory: find the face, cut the crop, ask the network in batches."""

import collections
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.finder import Face
from affect_jax.ops.geometry import Crop, crop_matrix, landmark_crop
from affect_jax.ops.image import warp_image
from affect_jax.ops.sequence import overlap_average
from affect_jax.predict.decode import Frame
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.series import Row

Values = list[Float[np.ndarray, "value"]]
LONGEST_WAIT = 4  # batches of rows that may wait for their network batch to fill up


@runtime_checkable
class Finder(Protocol):
    """Finds the primary face; `faces.finder.FaceFinder` is one."""

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None: ...

    def reset(self) -> None: ...


def crop_name(predictor: Predictor, whole_frame: bool) -> str:
    """The crop as it stands in the table."""
    return "whole_frame" if whole_frame else f"landmark_square_{predictor.side_ratio:.4g}"


def estimate(
    predictor: Predictor, frames: Iterable[Frame], finder: Finder | None, connected: bool = True
) -> Iterator[Row]:
    """One row per frame, in order.

    Without a finder every frame is taken for a face crop. `connected=False` says that the frames are unrelated
    pictures: nothing is followed from one to the next. A frame without a face ends what a clip network remembers.
    """
    network = _network(predictor)
    patience = LONGEST_WAIT * predictor.batch
    rows: collections.deque[Row] = collections.deque()  # in order; those with a crop and no values wait
    done: collections.deque[np.ndarray] = collections.deque()
    if finder is not None:
        finder.reset()
    for frame in frames:
        row = _sighting(predictor, frame, finder)
        rows.append(row)
        if row.crop is not None:
            done.extend(network.push(row.crop))
        ends = not connected or row.crop is None
        if (ends and predictor.frames is not None) or (predictor.frames is None and len(rows) > patience):
            done.extend(network.flush())
        if not connected and finder is not None:
            finder.reset()
        yield from _ready(rows, done)
    done.extend(network.flush())
    yield from _ready(rows, done)


def _ready(rows: collections.deque[Row], done: collections.deque[np.ndarray]) -> Iterator[Row]:
    """Rows at the head of the queue that wait for nothing."""
    while rows and (rows[0].crop is None or done):
        row = rows.popleft()
        yield row if row.crop is None else dataclasses.replace(row, values=done.popleft())


def _sighting(predictor: Predictor, frame: Frame, finder: Finder | None) -> Row:
    """The row of a frame before the network has spoken."""
    row = Row(frame.name, frame.index, frame.time_seconds)
    if finder is None:
        return dataclasses.replace(row, crop=whole_frame(frame.image, predictor.crop_px))
    face = finder.find(frame.image)
    if face is None or not _on_picture(face.landmarks, frame.image):
        return row
    matrix = crop_matrix(landmark_crop(face.landmarks, predictor.side_ratio), predictor.crop_px)
    crop = warp_image(frame.image, matrix, predictor.crop_px)
    return dataclasses.replace(row, crop=crop, box=face.box, score=face.score, landmarks=face.landmarks)


def _on_picture(landmarks: Float[np.ndarray, "68 2"], image: UInt8[np.ndarray, "height width 3"]) -> bool:
    """Whether the crop of the landmarks would show any of the picture; a face may reach over its border."""
    if not np.isfinite(landmarks).all():
        return False
    low, high = landmarks.min(0), landmarks.max(0)
    size = np.array([image.shape[1], image.shape[0]])
    return bool(((high > low) & (low < size) & (high > 0)).all())


def whole_frame(image: UInt8[np.ndarray, "height width 3"], size_px: int) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """The frame itself as the crop, undistorted: black borders where it is not square."""
    height, width = image.shape[:2]
    region = Crop((width - 1) / 2, (height - 1) / 2, float(max(height, width)))
    return warp_image(image, crop_matrix(region, size_px), size_px)


def _unit(crops: list[UInt8[np.ndarray, "size_px size_px 3"]]) -> Float[np.ndarray, "count size_px size_px 3"]:
    return np.stack(crops).astype(np.float32) / np.float32(255)


def _network(predictor: Predictor) -> "_Batches | _Windows | _Stream":
    if predictor.frames is None:
        return _Batches(predictor)
    return _Windows(predictor) if predictor.follower is None else _Stream(predictor)


class _Stream:
    """A causal clip network: each frame once, with what the network keeps of those before."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._step = None

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> Values:
        if self._step is None:
            self._step = self._predictor.following()
        return [self._step(_unit([crop])[0])]

    def flush(self) -> Values:
        self._step = None
        return []


class _Batches:
    """A static network: images in batches of a fixed size, the last one padded."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._crops: list[np.ndarray] = []

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> Values:
        self._crops.append(crop)
        return self.flush() if len(self._crops) == self._predictor.batch else []

    def flush(self) -> Values:
        count = len(self._crops)
        if not count:
            return []
        padding = [self._crops[-1]] * (self._predictor.batch - count)
        values = self._predictor.values(_unit(self._crops + padding))
        self._crops.clear()
        return list(values[:count])


class _Windows:
    """A clip network: half-overlapping windows over a run of frames, averaged where they overlap.

    Equal to `window_indices` and `overlap_average` over the whole run, with no more than two windows held.
    """

    def __init__(self, predictor: Predictor):
        self._predictor, self._frames = predictor, predictor.frames
        self._hop = max(1, self._frames // 2)
        self._restart()

    def _restart(self) -> None:
        self._crops: list[np.ndarray] = []  # the last ones, from `_first` on
        self._windows: list[tuple[int, np.ndarray]] = []  # (start, values) that reach past `_told`
        self._first = self._told = self._length = self._next = 0

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> Values:
        self._crops.append(crop)
        self._length += 1
        if self._length < self._next + self._frames:
            return []
        start = self._next
        self._look(start)
        self._next += self._hop
        told = self._tell(start)  # a later window, the last one included, starts after this one
        self._crops = self._crops[start - self._first :]
        self._first = start
        return told

    def flush(self) -> Values:
        """Ends the run: the last window ends at the last frame."""
        if not self._length:
            return []
        last = max(self._length - self._frames, 0)
        if not self._windows or self._windows[-1][0] < last:
            self._look(last)
        told = self._tell(self._length)
        self._restart()
        return told

    def _look(self, start: int) -> None:
        crops = self._crops[start - self._first : start - self._first + self._frames]
        crops = crops + [crops[-1]] * (self._frames - len(crops))
        self._windows.append((start, self._predictor.values(_unit(crops)[None])[0]))

    def _tell(self, stop: int) -> Values:
        """Values of the frames before `stop` that have not been told."""
        base, length = self._windows[0][0], self._windows[-1][0] + self._frames - self._windows[0][0]
        starts = np.array([start - base for start, _ in self._windows])
        mean = overlap_average(np.stack([values for _, values in self._windows]), starts, length)
        told = list(mean[self._told - base : stop - base])
        self._told = stop
        self._windows = [(start, values) for start, values in self._windows if start + self._frames > stop]
        return told
