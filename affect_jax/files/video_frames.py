"""Any frame of a video file, decoded from the last key frame before it, or onward from the frame read before."""

import pathlib
import threading
from collections.abc import Iterator
from typing import NamedTuple

import av
import numpy as np
from absl import logging
from jaxtyping import Bool, Float, Int, UInt8

from affect_jax.files.video import open_video, pixels
from affect_jax.types import UnreadableImage


class Clock(NamedTuple):
    """When the frames of a video are shown."""

    ticks: Int[np.ndarray, "frame"]  # increasing
    tick_seconds: float
    key: Bool[np.ndarray, "frame"]  # frames that decoding can begin at
    timed: bool  # whether the decoder will give the same ticks; else frames can only be counted


class VideoFrames:
    """A video as images by number, from 0 in the order they are shown; safe to read from several threads.

    Each thread keeps the one decoder it used last, so that neighboring frames cost one frame each. Opening reads
    through the file without decoding it.
    """

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.clock = _clock(path)
        self.numbers = np.arange(len(self.clock.ticks))
        if not self.clock.timed:
            logging.warning(
                "%s does not say when its frames are shown: each is reached by decoding from the start; name a "
                "folder in data.store, or keep the frames as images", path,
            )  # fmt: skip

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Time of each frame after the first."""
        return (self.clock.ticks - self.clock.ticks[:1]) * self.clock.tick_seconds

    def where(self, number: int) -> str:
        """File and frame, for messages."""
        return f"{self.path}, frame {number}"

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels, upright; UnreadableImage names file, frame and reason."""
        try:
            return _decoder(self.path, self.clock).frame(number)
        except (av.error.FFmpegError, FileNotFoundError, ValueError) as error:
            _forget()
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableImage(f"{self.where(number)}: {reason}; replace the video or take it out") from error


def _clock(path: pathlib.Path) -> Clock:
    """The clock of a file, read off its packets without decoding them.

    AVI keeps no times of display: with a codec that reorders frames they come out wrong, and only counting is left.
    """
    container, stream = open_video(path)
    with container:
        packets = [(packet.pts, packet.is_keyframe, packet.time_base) for packet in container.demux(stream)
                   if packet.size and not packet.is_discard]  # fmt: skip
        rate = stream.average_rate or stream.guessed_rate or 25
        reorders, name = bool(stream.codec_context.has_b_frames), container.format.name
    if not packets:
        raise ValueError(f"{path} holds no frame; is the file whole?")
    shown, key, bases = zip(*packets, strict=True)
    known = None not in shown and len(set(shown)) == len(shown) and bases[0] is not None
    if not known or (name == "avi" and reorders and list(shown) == sorted(shown)):
        return Clock(np.arange(len(shown)), float(1 / rate), np.zeros(len(shown), bool), False)
    order = np.argsort(shown)
    return Clock(np.array(shown, np.int64)[order], float(bases[0]), np.array(key, bool)[order], True)


class _Decoder:
    """A video file opened by one thread, and the frame it stands at."""

    def __init__(self, path: pathlib.Path, clock: Clock):
        self.path, self.clock = path, clock
        self._open()

    def _open(self) -> None:
        self.container, self.stream = open_video(self.path)
        self.coming: Iterator[av.VideoFrame] = self.container.decode(self.stream)
        self.counted, self.tick, self.image = -1, None, None

    def close(self) -> None:
        self.container.close()

    def frame(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """Pixels of a frame; ValueError if the file breaks before it."""
        wanted = int(self.clock.ticks[number])
        if self.tick == wanted and self.image is not None:
            return self.image
        here = -1 if self.tick is None else int(np.searchsorted(self.clock.ticks, self.tick))
        if here >= number or self.clock.key[max(here, 0) + 1 : number + 1].any():
            if self.clock.timed and number:
                self.container.seek(wanted, stream=self.stream, backward=True)
                self.coming = self.container.decode(self.stream)
                if self._walk(wanted):
                    return self.image
            self.close()
            self._open()
        if self._walk(wanted):
            return self.image
        raise ValueError(f"the video breaks before it, after {self.counted + 1} decoded frames")

    def _walk(self, wanted: int) -> bool:
        """Decodes onward until the frame of a tick; False where it was passed or the video ends."""
        self.image = None
        for frame in self.coming:
            self.counted += 1
            self.tick = frame.pts if self.clock.timed else self.counted
            if self.tick is not None and self.tick >= wanted:
                self.image = pixels(frame) if self.tick == wanted else None
                return self.tick == wanted
        return False


_OPEN = threading.local()  # .decoder: the one this thread used last


def _decoder(path: pathlib.Path, clock: Clock) -> _Decoder:
    found = getattr(_OPEN, "decoder", None)
    if found is None or found.path != path:
        _forget()
        found = _OPEN.decoder = _Decoder(path, clock)
    return found


def _forget() -> None:
    if (found := getattr(_OPEN, "decoder", None)) is not None:
        found.close()
        _OPEN.decoder = None
