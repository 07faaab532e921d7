"""Any frame of a video file, decoded from the last key frame before it, or onward from the frame read before."""

import pathlib
import threading
from collections.abc import Iterator

import av
import numpy as np
from absl import logging
from jaxtyping import Float, Int, UInt8

from affect_jax.ops.video import open_video, pixels
from affect_jax.types import UnreadableImage

LONGEST_WALK = 256  # frames that are decoded and thrown away rather than looking for a nearer key frame


class VideoFrames:
    """A video as pictures by number, from 0 in the order they are shown; safe to read from several threads.

    Each thread keeps the one decoder it used last, so that neighbouring frames cost one frame each. Opening reads
    through the file without decoding it.
    """

    def __init__(self, path: pathlib.Path):
        self.path = path
        ticks, self._tick_seconds, self.timed = _clock(path)
        self._ticks = ticks if self.timed else np.arange(len(ticks))
        self.numbers = np.arange(len(ticks))
        if not self.timed:
            logging.warning(
                "%s does not say when its frames are shown: each is reached by decoding from the start; name a "
                "folder in data.store, or keep the frames as pictures", path,
            )  # fmt: skip

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Time of each frame after the first."""
        return (self._ticks - self._ticks[:1]) * self._tick_seconds

    def where(self, number: int) -> str:
        """File and frame, for messages."""
        return f"{self.path}, frame {number}"

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels, upright; UnreadableImage names file, frame and reason."""
        try:
            return _decoder(self.path, self.timed).frame(number, self._ticks)
        except (av.error.FFmpegError, FileNotFoundError, ValueError) as error:
            _forget()
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableImage(f"{self.where(number)}: {reason}; replace the video or take it out") from error


def _clock(path: pathlib.Path) -> tuple[Int[np.ndarray, "frame"], float, bool]:
    """Ticks of the frames as shown, seconds a tick, and whether the decoder will give the same ticks.

    AVI keeps no times of display: with a codec that reorders frames they come out wrong, and only counting is left.
    """
    container, stream = open_video(path)
    with container:
        packets = [packet for packet in container.demux(stream) if packet.size and not packet.is_discard]
        if not packets:
            raise ValueError(f"{path} holds no frame; is the file whole?")
        shown = [packet.pts for packet in packets]
        rate = stream.average_rate or stream.guessed_rate or 25
        known = None not in shown and len(set(shown)) == len(shown) and packets[0].time_base is not None
        reorders = bool(stream.codec_context.has_b_frames)
        if not known or (container.format.name == "avi" and reorders and shown == sorted(shown)):
            return np.arange(len(shown)), float(1 / rate), False
        return np.array(sorted(shown), np.int64), float(packets[0].time_base), True


class _Decoder:
    """A video file opened by one thread, and the frame it stands at."""

    def __init__(self, path: pathlib.Path, trusted: bool):
        self.path, self.trusted = path, trusted
        self._open()

    def _open(self) -> None:
        self.container, self.stream = open_video(self.path)
        self.coming: Iterator[av.VideoFrame] = self.container.decode(self.stream)
        self.counted, self.tick, self.picture = -1, None, None

    def close(self) -> None:
        self.container.close()

    def frame(self, number: int, ticks: np.ndarray) -> UInt8[np.ndarray, "height width 3"]:
        """Pixels of a frame; ValueError if the file breaks before it."""
        wanted = int(ticks[number])
        if self.tick == wanted and self.picture is not None:
            return self.picture
        here = -1 if self.tick is None else int(np.searchsorted(ticks, self.tick))
        if self.trusted and not 0 <= number - here <= LONGEST_WALK and number > 0:
            self.container.seek(wanted, stream=self.stream, backward=True)
            self.coming, self.tick = self.container.decode(self.stream), None
            if self._walk(wanted):
                return self.picture
        if self.tick is not None and self.tick >= wanted:  # sought or walked too far
            self.close()
            self._open()
        if self._walk(wanted):
            return self.picture
        raise ValueError(f"the video breaks before it, after {self.counted + 1} frames")

    def _walk(self, wanted: int) -> bool:
        """Decodes onward until the frame of a tick; False where it was passed or the video ends."""
        self.picture = None
        for frame in self.coming:
            self.counted += 1
            self.tick = frame.pts if self.trusted else self.counted
            if self.tick is not None and self.tick >= wanted:
                self.picture = pixels(frame) if self.tick == wanted else None
                return self.tick == wanted
        return False


_OPEN = threading.local()  # .decoder: the one this thread used last


def _decoder(path: pathlib.Path, trusted: bool) -> _Decoder:
    found = getattr(_OPEN, "decoder", None)
    if found is None or found.path != path:
        _forget()
        found = _OPEN.decoder = _Decoder(path, trusted)
    return found


def _forget() -> None:
    if (found := getattr(_OPEN, "decoder", None)) is not None:
        found.close()
        _OPEN.decoder = None
