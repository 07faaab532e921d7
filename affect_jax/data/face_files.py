"""The images and recordings in which faces are searched, each with the file that its landmarks belong in."""

import dataclasses
import os
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from affect_jax.data.landmark_files import read_points, write_points
from affect_jax.data.recordings import Footage
from affect_jax.data.skipped import RowFault
from affect_jax.files import image_files
from affect_jax.files.openface import read_openface
from affect_jax.files.openface_writing import write_openface
from affect_jax.types import LANDMARKS


class Faces(NamedTuple):
    """What was found in the frames of an image or a recording."""

    numbers: Int[np.ndarray, "frame"]  # from 0
    landmarks: Float[np.ndarray, "frame 68 2"]  # in px as stored; nan where no face was found

    @property
    def found(self) -> Bool[np.ndarray, "frame"]:
        """Whether a face was found in each frame."""
        return np.isfinite(self.landmarks).all((1, 2))


class OneImage:
    """An image file as footage of one frame."""

    def __init__(self, path: pathlib.Path, upright: bool):
        self.path, self.upright = path, upright
        self.numbers = np.zeros(1, np.int64)

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Returns the time of the frame."""
        return np.zeros(1)

    def parts(self) -> Int[np.ndarray, "frame"]:
        """Returns the part of the frame."""
        return np.zeros(1, np.int64)

    def stretch(self) -> tuple[float, float]:
        """Returns the factors in x and y from pixels as stored: none."""
        return (1.0, 1.0)

    def where(self, number: int) -> str:
        """Describes the image, for messages."""
        return str(self.path)

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels; UnreadableImage names the file."""
        return image_files.read(str(self.path), self.where(number), self.upright)


@dataclasses.dataclass(frozen=True)
class Entry:
    """An image or a recording, and the file of its landmarks."""

    name: str
    file: pathlib.Path
    still: bool
    open: Callable[[], Footage]  # FileNotFoundError, or ValueError if it cannot be read

    @property
    def is_done(self) -> bool:
        """Whether there is a file."""
        return os.path.isfile(self.file)  # Path.is_file raises for names that are too long

    def read(self) -> Faces:
        """Reads the file; ValueError if it cannot be used."""
        if self.still:
            try:
                points = read_points(self.file)
            except RowFault as fault:
                raise ValueError(f"{fault}; remove the file and run the same command again") from fault
            landmarks = np.full((1, LANDMARKS, 2), np.nan, np.float32) if points is None else points[None]
            return Faces(np.zeros(1, np.int64), landmarks)
        tracked = read_openface(self.file)
        return Faces(tracked.numbers, np.where(tracked.found[:, None, None], tracked.landmarks, np.float32(np.nan)))

    def write(
        self,
        landmarks: Float[np.ndarray, "frame 68 2"],
        confidence: Float[np.ndarray, "frame"],
        face_ids: list[int],
        times_seconds: Float[np.ndarray, "frame"],
    ) -> None:
        """Writes the file, in one piece; arguments as those of `write_openface`."""
        if self.still:
            write_points(self.file, landmarks[0] if np.isfinite(landmarks[0]).all() else None)
        else:
            write_openface(self.file, landmarks, confidence, face_ids, times_seconds)
