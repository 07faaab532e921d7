"""Reads images, and the frames of a video one at a time with the time stamps of the stream."""

import dataclasses
import pathlib
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.files.images import decode
from affect_jax.files.video import open_video, pixels
from affect_jax.types import UnreadableImage

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


@dataclasses.dataclass(frozen=True)
class Frame:
    """One decoded image."""

    name: str  # of the file, as in the table
    index: int  # 0-based, in decoding order
    time_seconds: float
    image: UInt8[np.ndarray, "height width 3"] | None  # RGB, upright; None once it is no longer needed
    ticks: int = 0  # time in units of the stream's time base


def read_image(path: pathlib.Path) -> UInt8[np.ndarray, "height width 3"]:
    """RGB pixels, upright, decoded as in training; ValueError names a file that is not an image."""
    if not path.is_file():
        raise FileNotFoundError(f"no image at {path}")
    data = path.read_bytes()
    try:
        return decode(data)
    except UnreadableImage as error:
        raise ValueError(
            f"{path} cannot be read as an image ({len(data)} bytes): {error}; expected JPEG, PNG, BMP, WebP or TIFF"
        ) from error


class Video:
    """The frames of a video file, decoded one by one; after the last one, `problem` describes any error."""

    def __init__(self, path: pathlib.Path):
        """Raises FileNotFoundError, or ValueError for a file without a video stream."""
        self.path = path
        self.problem = ""
        self._container, self._stream = open_video(path)
        self.rate: Fraction = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        self.time_base: Fraction = self._stream.time_base or 1 / self.rate
        self.declared_frames: int = self._stream.frames  # 0 if the container does not declare it

    def __enter__(self) -> "Video":
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def expected_frames(self) -> int | None:
        """Number of frames for a progress bar; None if unknown."""
        if self.declared_frames:
            return self.declared_frames
        duration = self._container.duration  # in microseconds
        return round(duration / av.time_base * self.rate) if duration else None

    def __iter__(self) -> Iterator[Frame]:
        """Yields frames up to the end of the file or the first error; ValueError if none can be decoded."""
        index = 0
        packets = 0
        try:
            for packet in self._container.demux(self._stream):
                packets += packet.size > 0
                for frame in packet.decode():
                    yield self._upright(frame, index)
                    index += 1
        except av.error.FFmpegError as error:
            self.problem = f"{self.path} is broken after frame {index - 1}: {error.strerror}"
        if not index:
            raise ValueError(f"{self.path} has no frame that can be decoded; is the file complete?")
        if not self.problem and packets < self.declared_frames:
            self.problem = (
                f"{self.path} is truncated: it declares {self.declared_frames} frames, but {index} can be decoded"
            )

    def _upright(self, frame: av.VideoFrame, index: int) -> Frame:
        if frame.pts is None:
            logging.log_first_n(logging.WARNING, "%s: frames have no time stamps; using the frame rate", 1, self.path)
            ticks = round(index / self.rate / self.time_base)
        else:
            ticks = frame.pts
        return Frame(self.path.name, index, float(ticks * self.time_base), pixels(frame), ticks)
