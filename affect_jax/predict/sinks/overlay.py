"""Overlays: the recording with the predictions drawn in, as a video or as images."""

import contextlib
import os
import pathlib
from fractions import Fraction

import av
import cv2
import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.files.atomic import replace_atomically, write_bytes
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.painter import Painter
from affect_jax.predict.sources import Frame

CODECS = (("libx264", {"crf": "19", "preset": "veryfast"}), ("mpeg4", {"q": "3"}))


class VideoOverlay:
    """An MP4 file with the size, frame rate and time stamps of its video.

    If the encoder fails, the overlay is abandoned and listed among the problems; the pass continues.
    """

    needs_images = True

    def __init__(self, path: pathlib.Path, label_set: str, rate: Fraction, time_base: Fraction):
        """`rate` in frames per second; `time_base` in seconds, the unit of `Frame.ticks`."""
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._path = path
        self._paint = Painter(label_set)
        self._rate = rate
        self._time_base = time_base
        self._opened = contextlib.ExitStack()
        self._container: av.container.OutputContainer | None = None  # opened once the frame size is known
        self._last_tick = -1

    def __enter__(self) -> "VideoOverlay":
        return self

    def write(self, frame: Frame, row: Row) -> None:
        """Draws and encodes one frame."""
        if self.problems:
            return
        image = _even(self._paint(frame.image, row))
        try:
            if self._container is None:
                self._open(image.shape[1], image.shape[0])
            drawn = av.VideoFrame.from_ndarray(image, format="rgb24")
            self._last_tick = max(frame.ticks, self._last_tick + 1)  # the container requires increasing time stamps
            drawn.pts = self._last_tick
            drawn.time_base = self._time_base
            self._container.mux(self._stream.encode(drawn))
        except av.error.FFmpegError as error:
            self._give_up(error)

    def __exit__(self, kind: type | None, *error: object) -> None:
        if self._container is None or self.problems:
            return
        if kind is not None:
            self._opened.__exit__(kind, *error)
            return
        try:
            self._container.mux(self._stream.encode())
            self._opened.close()
        except av.error.FFmpegError as failure:
            self._give_up(failure)
        else:
            self.files.append(self._path)

    def _open(self, width: int, height: int) -> None:
        """Opens a stream with the first encoder available in this build of FFmpeg: H.264, else MPEG-4."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._opened.enter_context(replace_atomically(self._path))
        container = av.open(f"file:{os.path.abspath(part)}", "w", format="mp4")
        self._container = self._opened.enter_context(container)
        name, options = next((name, options) for name, options in CODECS if name in av.codecs_available)
        self._stream = container.add_stream(name, rate=self._rate, options=options)
        self._stream.width = width
        self._stream.height = height
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = self._time_base

    def _give_up(self, error: av.error.FFmpegError) -> None:
        problem = f"the overlay {self._path} cannot be written: {error.strerror}"
        logging.warning("%s; continuing without it", problem)
        self.problems.append(problem)
        with contextlib.suppress(av.error.FFmpegError):  # closing a broken container fails again
            self._opened.__exit__(type(error), error, error.__traceback__)


class ImageOverlays:
    """A PNG per image, in a folder."""

    needs_images = True

    def __init__(self, folder: pathlib.Path, label_set: str):
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._folder = folder
        self._label_set = label_set

    def __enter__(self) -> "ImageOverlays":
        return self

    def write(self, frame: Frame, row: Row) -> None:
        """Draws and writes one image."""
        paint = Painter(self._label_set)  # a new one each time: images are unrelated
        path = self._folder / f"{row.name}.png"
        _, data = cv2.imencode(".png", paint(frame.image, row)[..., ::-1])
        write_bytes(data.tobytes(), path)
        self.files.append(path)

    def __exit__(self, *_: object) -> None:
        pass


def _even(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "even_h even_w 3"]:
    """Repeats the last row or column of an image of odd size, since H.264 requires even sizes."""
    height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
