"""Random access to the frames of a video, decoding from the nearest keyframe or onward from the last frame read."""

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
    """Presentation times of the frames of a video."""

    ticks: Int[np.ndarray, "frame"]  # increasing
    tick_seconds: float
    key: Bool[np.ndarray, "frame"]  # keyframes, where decoding can start
    timed: bool  # whether the decoder reports the same ticks; otherwise frames can only be counted


class VideoFrames:
    """The frames of a video, numbered from 0 in presentation order; thread-safe.

    Each thread keeps its most recent decoder, so reading consecutive frames decodes each frame once. Opening scans the
    packets of the file without decoding them.
    """

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.clock = _clock(path)
        self.numbers = np.arange(len(self.clock.ticks))
        if not self.clock.timed:
            logging.warning(
                "%s has no usable timestamps, so each frame is reached by decoding from the start; set data.store to a "
                "folder, or extract the frames as images",
                path,
            )

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Returns the time of each frame relative to the first."""
        return (self.clock.ticks - self.clock.ticks[:1]) * self.clock.tick_seconds

    def where(self, number: int) -> str:
        """Describes a frame by file and number, for messages."""
        return f"{self.path}, frame {number}"

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns upright RGB pixels; UnreadableImage names the file, the frame and the reason."""
        try:
            return _decoder(self.path, self.clock).frame(number)
        except (av.error.FFmpegError, FileNotFoundError, ValueError) as error:
            _close_decoder()
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableImage(f"{self.where(number)}: {reason}; replace the video or remove it") from error


def _clock(path: pathlib.Path) -> Clock:
    """Reads the clock of a file from its packets, without decoding them.

    AVI stores no presentation times: with a codec that reorders frames they are wrong, so frames must be counted.
    """
    container, stream = open_video(path)
    with container:
        packets = [
            (packet.pts, packet.is_keyframe, packet.time_base)
            for packet in container.demux(stream)
            if packet.size and not packet.is_discard
        ]
        rate = stream.average_rate or stream.guessed_rate or 25
        reorders, name = bool(stream.codec_context.has_b_frames), container.format.name
    if not packets:
        raise ValueError(f"{path} has no frames; is the file complete?")
    shown, key, bases = zip(*packets, strict=True)
    known = None not in shown and len(set(shown)) == len(shown) and bases[0] is not None
    if not known or (name == "avi" and reorders and list(shown) == sorted(shown)):
        return Clock(np.arange(len(shown)), float(1 / rate), np.zeros(len(shown), bool), False)
    order = np.argsort(shown)
    return Clock(np.array(shown, np.int64)[order], float(bases[0]), np.array(key, bool)[order], True)


class _Decoder:
    """A video file opened by one thread, and its current frame."""

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
        """Returns the pixels of a frame; ValueError if the file is damaged before it."""
        wanted = int(self.clock.ticks[number])
        if self.tick == wanted and self.image is not None:
            return self.image
        here = -1 if self.tick is None else int(np.searchsorted(self.clock.ticks, self.tick))
        if here >= number or self.clock.key[max(here, 0) + 1 : number + 1].any():
            if self.clock.timed and number:
                self.container.seek(wanted, stream=self.stream, backward=True)
                self.coming = self.container.decode(self.stream)
                if self._decode_until(wanted):
                    return self.image
            self.close()
            self._open()
        if self._decode_until(wanted):
            return self.image
        raise ValueError(f"the video is damaged before this frame, after {self.counted + 1} decoded frames")

    def _decode_until(self, wanted: int) -> bool:
        """Decodes forward to the frame at a tick; False if it is skipped or the video ends first."""
        self.image = None
        for frame in self.coming:
            self.counted += 1
            self.tick = frame.pts if self.clock.timed else self.counted
            if self.tick is not None and self.tick >= wanted:
                self.image = pixels(frame) if self.tick == wanted else None
                return self.tick == wanted
        return False


_OPEN = threading.local()  # .decoder: the most recent decoder of this thread


def _decoder(path: pathlib.Path, clock: Clock) -> _Decoder:
    found = getattr(_OPEN, "decoder", None)
    if found is None or found.path != path:
        _close_decoder()
        found = _OPEN.decoder = _Decoder(path, clock)
    return found


def _close_decoder() -> None:
    if (found := getattr(_OPEN, "decoder", None)) is not None:
        found.close()
        _OPEN.decoder = None
