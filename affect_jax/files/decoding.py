"""Decodes a stream frame by frame; a packet that cannot be decoded costs itself, not the rest."""

from collections.abc import Iterator

import av

MOST_FAILURES = 20  # failures to read a packet in a row; a file without end is not read forever


class Decoder:
    """The frames of a stream in the order in which they are shown.

    Attributes:
      packets: number of packets read.
      failures: packets that could not be read or decoded.
      flagged: packets that the container calls damaged; they may still be decoded.
      lowest_stamp: lowest presentation time of the packets read, those that are not to be shown left out.
    """

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream):
        self._container = container
        self._stream = stream
        self.packets = 0
        self.failures = 0
        self.flagged = 0
        self.lowest_stamp: int | None = None

    def __iter__(self) -> Iterator[av.VideoFrame]:
        for packet in self.read():
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                self.failures += 1

    def read(self) -> Iterator[av.Packet]:
        """Yields the packets, the last one empty, without decoding them; goes on behind places that cannot be read."""
        packets = self._container.demux(self._stream)
        failures = 0
        while failures < MOST_FAILURES:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                failures += 1
                self.failures += 1
                packets = self._container.demux(self._stream)
                continue
            failures = 0
            self._count(packet)
            yield packet

    def _count(self, packet: av.Packet) -> None:
        self.packets += packet.size > 0
        self.flagged += packet.is_corrupt
        if packet.size and packet.pts is not None and not packet.is_discard:
            lowest = packet.pts if self.lowest_stamp is None else min(self.lowest_stamp, packet.pts)
            self.lowest_stamp = lowest
