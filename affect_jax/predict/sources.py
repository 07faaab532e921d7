"""Reads images, and the frames of a video one at a time with the time stamps of the stream."""

import dataclasses
import pathlib
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.files.clock import SteadyClock, ticks_per_frame
from affect_jax.files.damage import Damage
from affect_jax.files.decoding import Decoder
from affect_jax.files.display import Display
from affect_jax.files.images import NOT_AN_IMAGE, decode
from affect_jax.files.video import open_video
from affect_jax.types import UnreadableImage


@dataclasses.dataclass(frozen=True)
class Frame:
    """One decoded image."""

    name: str  # of the file, as in the table
    index: int  # 0-based, in decoding order
    time_seconds: float  # since the first frame
    image: UInt8[np.ndarray, "height width 3"] | None  # RGB, as shown; None once it is no longer needed
    ticks: int = 0  # the same time in units of the stream's time base
    restarts: bool = False  # whether the stream's time stamps ran backwards to this frame


def read_image(path: pathlib.Path) -> UInt8[np.ndarray, "height width 3"]:
    """RGB pixels, upright, decoded as in training; ValueError names a file that cannot be read or is not an image."""
    if not path.is_file():
        raise FileNotFoundError(f"no image at {path}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}); check the permissions of the file") from error
    try:
        return decode(data)
    except UnreadableImage as error:
        expected = "; expected JPEG, PNG, BMP, WebP or TIFF" if str(error) == NOT_AN_IMAGE else ""
        raise ValueError(f"{path} cannot be read as an image ({len(data)} bytes): {error}{expected}") from error


class Video:
    """The frames of a video file as shown, decoded one by one.

    Attributes:
      damage: after the last frame, what was lost of a damaged file; "" if nothing.
      start_seconds: the stream's own time stamp of the first frame, known with it.
    """

    def __init__(self, path: pathlib.Path, name: str | None = None):
        """Raises FileNotFoundError, or ValueError for a file without a video stream.

        `name`: what its frames are said to come from; None for the name of the file.
        """
        self.path = path
        self._name = path.name if name is None else name
        self.damage = ""
        self.start_seconds = 0.0
        self._timed = True  # whether frames have time stamps
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
        """Yields the frames that can be decoded, to the end of the file; ValueError if there is none."""
        decoder = Decoder(self._container, self._stream)
        show = Display(self.path, self._stream)
        clock = SteadyClock(ticks_per_frame(self.rate, self.time_base))
        damage = Damage(float(1 / self.rate), continuous=self._container.format.name == "mpegts")
        index = 0
        for decoded in decoder:
            if not index:
                self._start(clock, decoded, decoder)
            ticks, backwards = clock.read(decoded.pts if self._timed else None)
            seconds = float(ticks * self.time_base)
            damage.frame(index, seconds, decoder.signs, decoded.is_corrupt, backwards)
            yield Frame(self._name, index, seconds, show(decoded), ticks, backwards)
            index += 1
        if not index:
            raise ValueError(f"{self.path} has no frame that can be decoded; is the file complete?")
        self.damage = self._describe(index, decoder, damage)

    def _start(self, clock: SteadyClock, first: av.VideoFrame, decoder: Decoder) -> None:
        """Sets time zero to the first frame of the recording, which may be one that cannot be decoded."""
        # AVI stores no presentation times: if frames are shown in another order, stamps that increase are wrong.
        unordered = self._container.format.name == "avi" and self._stream.codec_context.has_b_frames
        self._timed = first.pts is not None and (decoder.reordered or not unordered)
        if not self._timed:
            logging.warning("%s: frames have no time stamps; using the frame rate", self.path)
            return
        clock.zero = first.pts if decoder.lowest_stamp is None else min(first.pts, decoder.lowest_stamp)
        self.start_seconds = float(clock.zero * self.time_base)

    def _describe(self, frames: int, decoder: Decoder, damage: Damage) -> str:
        truncated = decoder.packets < self.declared_frames
        sentences = []
        if truncated:
            sentences.append(f"is truncated: it declares {self.declared_frames} frames, but {frames} can be decoded")
        elif missing := decoder.missing_seconds(float(1 / self.rate)):
            sentences.append(
                f"is truncated: {missing:.1f} s are missing at its end, and {frames} frames can be decoded"
            )
            truncated = True
        # The last packet of a truncated file is always incomplete.
        if sentence := damage.sentence(decoder.failures, 0 if truncated else decoder.flagged):
            sentences.append(f"{sentence}; {frames} frames can be decoded")
        return ", and ".join(sentences)

    @property
    def problem(self) -> str:
        """The damage as a sentence that names the file."""
        return f"{self.path} {self.damage}" if self.damage else ""
