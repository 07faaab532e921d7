"""Overlays: the recording with the predictions drawn in, as a video or as images."""

import contextlib
import errno
import os
import pathlib
from collections.abc import Sequence

import av
import cv2
import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.files.atomic import remove_abandoned, replace_atomically, write_bytes
from affect_jax.files.kinds import printable
from affect_jax.files.video_writing import add_video_stream
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.painter import Painter
from affect_jax.predict.sinks.sound import Sound
from affect_jax.predict.sources import Frame, Video

OF_THE_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)  # errors that another file may not have


class VideoOverlay:
    """An MP4 file with the size, frame rate, time stamps and sound of its video.

    If the encoder fails, the overlay is abandoned and listed among the problems; the pass continues.
    """

    needs_images = True

    def __init__(self, path: pathlib.Path, label_set: str, video: Video):
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._path = path
        self._paint = Painter(label_set)
        self._video = video
        self._opened = contextlib.ExitStack()
        self._container: av.container.OutputContainer | None = None  # opened once the frame size is known
        self._last_tick = -1

    def __enter__(self) -> "VideoOverlay":
        return self

    def write(self, frame: Frame, rows: Sequence[Row]) -> None:
        """Draws and encodes one frame."""
        if self.problems:
            return
        image = self._paint(frame.image, rows)
        try:
            if self._container is None:
                self._open(image.shape[1] + image.shape[1] % 2, image.shape[0] + image.shape[0] % 2)
            if frame.restarts:
                self._sound.leave_out("the time stamps of the video run backwards")
            drawn = av.VideoFrame.from_ndarray(fit(image, self._stream.width, self._stream.height), format="rgb24")
            self._last_tick = max(frame.ticks, self._last_tick + 1)  # the container requires increasing time stamps
            drawn.pts = self._last_tick
            drawn.time_base = self._video.time_base
            self._container.mux(self._stream.encode(drawn))
            self._sound.copy_until(frame.time_seconds, self._container)
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
            self._sound.finish(self._container)
            self._opened.close()
        except av.error.FFmpegError as failure:
            self._give_up(failure)
        else:
            self.files.append(self._path)

    def _open(self, width: int, height: int) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(self._path)
        part = self._opened.enter_context(replace_atomically(self._path))
        self._sound = self._opened.enter_context(contextlib.closing(Sound(self._video.path, self._video.start_seconds)))
        self._container = av.open(f"file:{os.path.abspath(part)}", "w", format="mp4")
        self._add_streams(width, height)
        try:
            self._container.start_encoding()
        except av.error.FFmpegError as error:
            if not self._sound.is_copied:
                raise
            self._sound.leave_out(f"an MP4 cannot hold it ({error.strerror})")
            self._container = av.open(f"file:{os.path.abspath(part)}", "w", format="mp4")
            self._add_streams(width, height)
        self._opened.enter_context(self._container)

    def _add_streams(self, width: int, height: int) -> None:
        self._stream = add_video_stream(self._container, self._video.rate, width, height)
        self._stream.codec_context.time_base = self._video.time_base
        self._sound.add_to(self._container)

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
        for part in self._folder.glob("*.png.*.part"):
            remove_abandoned(part.with_name(part.name.rsplit(".", 2)[0]))
        return self

    def write(self, frame: Frame, rows: Sequence[Row]) -> None:
        """Draws and writes one image."""
        paint = Painter(self._label_set)  # a new one each time: images are unrelated
        path = self._folder / f"{frame.name}.png"
        _, data = cv2.imencode(".png", paint(frame.image, rows)[..., ::-1])
        try:
            write_bytes(data.tobytes(), path)
        except OSError as error:
            if error.errno not in OF_THE_NAME:  # a full disk fails for all others too
                raise
            self.problems.append(f"the overlay of {printable(frame.name)} cannot be written: {error.strerror}")
            logging.warning("%s", self.problems[-1])
        else:
            self.files.append(path)

    def __exit__(self, *_: object) -> None:
        pass


def fit(image: UInt8[np.ndarray, "h w 3"], width: int, height: int) -> UInt8[np.ndarray, "height width 3"]:
    """Fits an image into the size of the overlay, undistorted; an odd last row or column is repeated."""
    own_height, own_width = image.shape[:2]
    if (own_width + own_width % 2, own_height + own_height % 2) == (width, height):
        return np.pad(image, ((0, own_height % 2), (0, own_width % 2), (0, 0)), mode="edge")
    scale = min(width / own_width, height / own_height)
    size = (max(1, round(own_width * scale)), max(1, round(own_height * scale)))
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return canvas
