"""Photographs and the frames of a video, one at a time, with the time stamps of the stream."""

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

    name: str  # of the file, as it stands in the table
    index: int  # 0-based, in the order of decoding
    time_seconds: float
    image: UInt8[np.ndarray, "height width 3"] | None  # RGB, upright; None where nothing needs it any more
    ticks: int = 0  # time in units of the stream's time base


def read_image(path: pathlib.Path) -> UInt8[np.ndarray, "height width 3"]:
    """RGB pixels, upright, by the rules that training reads pictures by; ValueError names a file that is no picture."""
    if not path.is_file():
        raise FileNotFoundError(f"no picture at {path}")
    data = path.read_bytes()
    try:
        return decode(data)
    except UnreadableImage as error:
        raise ValueError(
            f"{path} cannot be read as a picture ({len(data)} bytes): {error}; expected JPEG, PNG, BMP, WebP or TIFF"
        ) from error


class Video:
    """The frames of a video file, decoded one by one; after the last one, `problem` says what broke, if anything."""

    def __init__(self, path: pathlib.Path):
        """Raises FileNotFoundError, or ValueError for a file without a video stream."""
        self.path, self.problem = path, ""
        self._container, self._stream = open_video(path)
        self.rate: Fraction = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        self.time_base: Fraction = self._stream.time_base or 1 / self.rate
        self.declared_frames: int = self._stream.frames  # 0 where the container does not say

    def __enter__(self) -> "Video":
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def expected_frames(self) -> int | None:
        """Number of frames for a progress bar; None where nothing tells."""
        if self.declared_frames:
            return self.declared_frames
        duration = self._container.duration  # in microseconds
        return round(duration / av.time_base * self.rate) if duration else None

    def __iter__(self) -> Iterator[Frame]:
        """Frames up to the end or the break of the file; ValueError where not even one can be decoded."""
        index = packets = 0
        try:
            for packet in self._container.demux(self._stream):
                packets += packet.size > 0
                for frame in packet.decode():
                    yield self._upright(frame, index)
                    index += 1
        except av.error.FFmpegError as error:
            self.problem = f"{self.path} breaks after frame {index - 1}: {error.strerror}"
        if not index:
            raise ValueError(f"{self.path} holds no frame that can be decoded; is the file whole?")
        if not self.problem and packets < self.declared_frames:
            self.problem = (
                f"{self.path} is cut off: it declares {self.declared_frames} frames and {index} can be decoded"
            )

    def _upright(self, frame: av.VideoFrame, index: int) -> Frame:
        if frame.pts is None:
            logging.log_first_n(logging.WARNING, "%s: frames without time stamps; the frame rate is used", 1, self.path)
            ticks = round(index / self.rate / self.time_base)
        else:
            ticks = frame.pts
        return Frame(self.path.name, index, float(ticks * self.time_base), pixels(frame), ticks)
