"""Random access to the frames of a video, decoding from the nearest keyframe or onward from the last frame read."""

import pathlib
import threading
from collections.abc import Iterator

import av
import numpy as np
from absl import logging
from jaxtyping import Float, Int, UInt8

from affect_jax.files.decoding import Decoder
from affect_jax.files.display import Display
from affect_jax.files.video import open_video
from affect_jax.files.video_clock import Clock, read_clock
from affect_jax.types import UnreadableImage


class VideoFrames:
    """The frames of a video, numbered from 0 in presentation order; thread-safe.

    Each thread keeps its most recent video open, so reading consecutive frames decodes each frame once. Opening scans
    the packets of the file without decoding them.
    """

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.clock = read_clock(path)
        self.numbers = np.arange(len(self.clock.ticks))
        if not self.clock.timed:
            logging.warning(
                "%s has no usable timestamps, so each frame is reached by decoding from the start; set data.store to a "
                "folder, or extract the frames as images",
                path,
            )

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Returns the time of each frame relative to the first; it never runs backwards."""
        return self.clock.seconds

    def parts(self) -> Int[np.ndarray, "frame"]:
        """Returns the part of each frame: clips do not run across places where the time stamps ran backwards."""
        return self.clock.part

    def stretch(self) -> tuple[float, float]:
        """Returns the factors in x and y that made the pixels of the first readable frame square."""
        for number in self.numbers:
            try:
                self.image(int(number))
            except UnreadableImage:
                continue
            return _current_video(self.path, self.clock).display.stretch
        return (1.0, 1.0)

    def where(self, number: int) -> str:
        """Describes a frame by file and number, for messages."""
        return f"{self.path}, frame {number}"

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels as shown (see `files.display`); UnreadableImage names the file, the frame and the reason.

        A frame that cannot be decoded does not cost those behind it.
        """
        try:
            return _current_video(self.path, self.clock).frame(number)
        except (av.error.FFmpegError, FileNotFoundError, ValueError) as error:
            _close_video()
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableImage(f"{self.where(number)}: {reason}; replace the video or remove it") from error
        except _MissingFrame:
            raise UnreadableImage(
                f"{self.where(number)}: the video is damaged at this frame; replace the video or remove it"
            ) from None


class _MissingFrame(Exception):
    """The frame cannot be decoded; those behind it may."""


class _OpenVideo:
    """A video file opened by one thread, and its current frame."""

    def __init__(self, path: pathlib.Path, clock: Clock):
        self.path, self.clock = path, clock
        self._open()

    def _open(self) -> None:
        self.container, self.stream = open_video(self.path)
        self.display = Display(self.path, self.stream)
        self.counted = -1
        self._start()

    def _start(self) -> None:
        """Decodes from where the file has been opened, or sought to."""
        self.tick, self.image = None, None
        self.decoder = Decoder(self.container, self.stream)
        self.coming: Iterator[av.VideoFrame] = iter(self.decoder)

    def close(self) -> None:
        self.container.close()

    def frame(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns the pixels of a frame; `_MissingFrame`, or ValueError if the file is damaged before it."""
        wanted = int(self.clock.ticks[number])
        if self.tick == wanted and self.image is not None:
            return self.image
        here = -1 if self.tick is None else int(np.searchsorted(self.clock.ticks, self.tick))
        if here >= number or self.clock.key[max(here, 0) + 1 : number + 1].any():
            # Where the ratio of the pixels changes, a decoder that seeks back may keep the later one.
            if self.clock.timed and number and not self.display.ratio_changes:
                self.container.seek(wanted, stream=self.stream, backward=True)
                self._start()
                if self._decode_until(wanted):
                    return self.image
            self.close()
            self._open()
        if self._decode_until(wanted):
            return self.image
        raise ValueError(f"the video is damaged before this frame, after {self.counted + 1} decoded frames")

    def _decode_until(self, wanted: int) -> bool:
        """Decodes forward to the frame at a tick; False if decoding began after it or the video ends before it.

        `_MissingFrame` if decoding began before it and passed it.
        """
        began = self.tick is not None
        self.image = None
        for frame in self.coming:
            self.counted += 1
            self.tick = frame.pts if self.clock.timed else self.counted
            if not self.clock.timed and self.decoder.failures:
                return False  # frames can no longer be counted
            if self.tick is not None and self.tick >= wanted:
                self.image = self.display(frame)
                if self.tick > wanted and began:
                    raise _MissingFrame
                return self.tick == wanted
            began = True
        return False


_OPEN = threading.local()  # .video: the most recent video of this thread


def _current_video(path: pathlib.Path, clock: Clock) -> _OpenVideo:
    found = getattr(_OPEN, "video", None)
    if found is None or found.path != path or found.clock is not clock:
        _close_video()
        found = _OPEN.video = _OpenVideo(path, clock)
    return found


def _close_video() -> None:
    if (found := getattr(_OPEN, "video", None)) is not None:
        found.close()
        _OPEN.video = None
