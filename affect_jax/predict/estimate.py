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
from affect_jax.predict.crops_to_values import network_of
from affect_jax.predict.decode import Frame
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.series import Row

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
    network = network_of(predictor)
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
