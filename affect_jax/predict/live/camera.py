"""The frames of a camera."""

import pathlib
from collections.abc import Iterator

import av
from absl import logging

from affect_jax.predict.live.pace import Captured, Clock
from affect_jax.predict.sources import Frame

FORMAT = "v4l2"  # Linux: Video4Linux, which FFmpeg reads
WISHES = {"video_size": "640x480", "framerate": "30"}  # what nearly every camera has; others give what they have
USUAL_RATE = 30.0


def is_camera(path: pathlib.Path) -> bool:
    """Whether a path is a device, such as /dev/video0, and no file."""
    return path.is_char_device()


class Camera:
    """The frames of a device as they come; their time is that of the clock, from the first frame on."""

    def __init__(self, device: str, clock: Clock, form: str = FORMAT):
        """`form`: FFmpeg's name of the kind of device. ValueError if it cannot be opened."""
        self._clock = clock
        self._device = device
        self._container = _open(device, form)
        self._stream = self._container.streams.video[0]

    @property
    def rate(self) -> float:
        """Frames per second, as the device declares it."""
        return float(self._stream.average_rate or self._stream.guessed_rate or USUAL_RATE)

    def __iter__(self) -> Iterator[Captured]:
        """Yields frames without an end; ValueError if the device stops."""
        name, start = pathlib.Path(self._device).name, None
        index = 0
        try:
            for decoded in self._container.decode(self._stream):
                now = self._clock.now()
                start = now if start is None else start
                image = decoded.to_ndarray(format="rgb24")
                yield Captured(Frame(name, index, now - start, image), now)
                index += 1
        except av.error.FFmpegError as error:
            raise ValueError(f"{self._device} stopped after {index} frames ({error.strerror})") from error

    def close(self) -> None:
        self._container.close()


def _open(device: str, form: str) -> av.container.InputContainer:
    try:
        try:
            return av.open(device, format=form, options=WISHES if form == FORMAT else {})
        except av.error.ArgumentError as error:
            logging.info("%s has no %s (%s); taking what it has", device, WISHES["video_size"], error.strerror)
            return av.open(device, format=form)
    except av.error.FFmpegError as error:
        raise ValueError(
            f"{device} cannot be opened as a camera ({error.strerror}); is another program using it, and may you read "
            "it (group video)?"
        ) from error
