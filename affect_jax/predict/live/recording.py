"""The video of a session, as the camera saw it: one frame for each row, with its time."""

import os
import pathlib
from fractions import Fraction

import av
import numpy as np
from jaxtyping import UInt8

from affect_jax.files.atomic import partial_path
from affect_jax.files.video_writing import add_video_stream

TIME_BASE = Fraction(1, 1000)
NOMINAL_RATE = Fraction(30)  # frames have time stamps of their own


class Recording:
    """An MP4 file that gets its name when it is closed; after a crash, a part file remains."""

    def __init__(self, path: pathlib.Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._part = partial_path(path)
        self._container: av.container.OutputContainer | None = None  # opened once the frame size is known
        self._last_tick = -1

    def write(self, image: UInt8[np.ndarray, "height width 3"], time_seconds: float) -> None:
        """Encodes a frame; an odd last row or column is left out."""
        if self._container is None:
            self._container = av.open(f"file:{os.path.abspath(self._part)}", "w", format="mp4")
            height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
            self._stream = add_video_stream(self._container, NOMINAL_RATE, width, height)
            self._stream.codec_context.time_base = TIME_BASE
        image = np.ascontiguousarray(image[: self._stream.height, : self._stream.width])
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        self._last_tick = max(round(time_seconds / TIME_BASE), self._last_tick + 1)
        frame.pts, frame.time_base = self._last_tick, TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def close(self) -> list[pathlib.Path]:
        """Completes the file; returns its path, or nothing if there was no frame."""
        if self._container is None:
            return []
        self._container.mux(self._stream.encode())
        self._container.close()
        os.replace(self._part, self._path)
        return [self._path]
