"""Decodes a stream frame by frame; a packet that cannot be decoded costs itself, not the rest."""

from collections.abc import Iterator

import av

MOST_FAILURES = 20  # failures to read a packet in a row; a file without end is not read forever
MATROSKA = "matroska,webm"
HEADER_BYTES = 128  # at most, between the packets of a Matroska file
EARLY_FRAMES, EARLY_SECONDS = 1.5, 0.25  # a file may end this much before its declared end; with sound, the larger


class Decoder:
    """The frames of a stream in the order in which they are shown.

    Attributes:
      packets: number of packets read.
      failures: packets that could not be read or decoded.
      flagged: packets that the container calls damaged; they may still be decoded.
      skipped: places of a Matroska file that hold no packets; its reader passes over damage without a word.
      lowest_stamp: lowest presentation time of the packets read, those that are not to be shown left out.
      reordered: whether the presentation times of the packets read have run backwards, as they do before frames that
        are shown in another order.
    """

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream):
        self._container = container
        self._stream = stream
        self._matroska = container.format.name == MATROSKA
        self._expected_byte: int | None = None  # where the next packet may begin, in a Matroska file
        self._end_seconds = 0.0  # of all streams
        self.packets = 0
        self.failures = 0
        self.flagged = 0
        self.skipped = 0
        self.lowest_stamp: int | None = None
        self.reordered = False
        self._last_stamp: int | None = None

    def __iter__(self) -> Iterator[av.VideoFrame]:
        for packet in self.read():
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                self.failures += 1

    @property
    def signs(self) -> int:
        """Number of places so far that are or may be damaged."""
        return self.failures + self.flagged + self.skipped

    def missing_seconds(self, step_seconds: float) -> float:
        """Returns by how much a Matroska file, once it is read, ended before its declared end; 0 if it did not."""
        if not (self._matroska and self._container.duration):
            return 0.0
        missing = self._container.duration / av.time_base - self._end_seconds
        tolerated = EARLY_FRAMES * step_seconds
        if len(self._container.streams) > 1:
            tolerated = max(tolerated, EARLY_SECONDS)
        return missing if missing > tolerated else 0.0

    def read(self) -> Iterator[av.Packet]:
        """Yields the packets, the last one empty, without decoding them; goes on behind places that cannot be read."""
        packets = self._demux()
        failures = 0
        while failures < MOST_FAILURES:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                failures += 1
                self.failures += 1
                packets = self._demux()
                continue
            failures = 0
            if self._matroska:
                self._watch(packet)
            if packet.stream.index == self._stream.index:
                self._count(packet)
                yield packet

    def _demux(self) -> Iterator[av.Packet]:
        # Which bytes of a Matroska file are not read is only known from all streams.
        return self._container.demux() if self._matroska else self._container.demux(self._stream)

    def _count(self, packet: av.Packet) -> None:
        self.packets += packet.size > 0
        self.flagged += packet.is_corrupt
        if packet.size and packet.pts is not None and not packet.is_discard:
            lowest = packet.pts if self.lowest_stamp is None else min(self.lowest_stamp, packet.pts)
            self.lowest_stamp = lowest
            self.reordered |= self._last_stamp is not None and packet.pts < self._last_stamp
            self._last_stamp = packet.pts

    def _watch(self, packet: av.Packet) -> None:
        """Looks for bytes between packets that belong to none."""
        if packet.pts is not None:
            self._end_seconds = max(self._end_seconds, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if not packet.size or packet.pos is None:
            return
        start = packet.pos
        if self._expected_byte is not None:
            self.skipped += start > self._expected_byte + HEADER_BYTES
            # Several packets of sound may share a position.
            start = max(start, self._expected_byte)
        self._expected_byte = start + packet.size
