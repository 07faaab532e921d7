"""The sound of a recording, copied into its overlay packet by packet."""

import math
import pathlib

import av
from absl import logging

from affect_jax.files.video import STANDARD_INPUT, open_container


class Sound:
    """The sound of a file, or nothing if it has none or the overlay cannot hold it; a warning says why."""

    def __init__(self, path: pathlib.Path, start_seconds: float):
        """`start_seconds`: the stream's time stamp of the first frame."""
        self._path = path
        self._start = start_seconds
        self._next: av.Packet | None = None
        self._output: av.audio.AudioStream | None = None
        self._container = None if path == STANDARD_INPUT else open_container(path)  # which can be read once only
        self._stream = None if self._container is None else self._container.streams.best("audio")

    @property
    def is_copied(self) -> bool:
        """Whether there is sound in the overlay."""
        return self._stream is not None

    def add_to(self, overlay: av.container.OutputContainer) -> None:
        """Adds a stream for the sound to an overlay that has not been started yet."""
        if self._stream is None:
            return
        if self._stream.codec_context is None or self._stream.codec_context.name not in overlay.supported_codecs:
            self.leave_out("an MP4 cannot hold it")
            return
        self._output = overlay.add_stream_from_template(self._stream)
        self._packets = self._container.demux(self._stream)
        self._advance()

    def leave_out(self, reason: str) -> None:
        """Copies no more sound."""
        if self._stream is not None:
            logging.warning("the overlay of %s has no sound from here on: %s", self._path, reason)
        self._stream, self._next = None, None

    def copy_until(self, seconds: float, overlay: av.container.OutputContainer) -> None:
        """Copies the packets up to a time since the first frame."""
        while self._next is not None:
            packet = self._next
            if float(packet.pts * packet.time_base) - self._start > seconds:
                return
            shift = round(self._start / packet.time_base)
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = self._output
            try:
                if packet.pts >= 0:  # what is heard before the first frame is left out
                    overlay.mux(packet)
            except av.error.FFmpegError as error:
                self.leave_out(f"it cannot be written ({error.strerror})")
                return
            self._advance()

    def finish(self, overlay: av.container.OutputContainer) -> None:
        """Copies the rest."""
        self.copy_until(math.inf, overlay)

    def close(self) -> None:
        if self._container is not None:
            self._container.close()

    def _advance(self) -> None:
        """Reads the next packet that has time stamps."""
        self._next = None
        try:
            for packet in self._packets:
                if packet.size and packet.pts is not None and packet.dts is not None:
                    self._next = packet
                    return
        except av.error.FFmpegError as error:
            self.leave_out(f"it is damaged ({error.strerror})")
