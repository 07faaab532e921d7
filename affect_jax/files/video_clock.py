"""The clock of a video file, read from its packets without decoding them."""

import pathlib
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from absl import logging
from jaxtyping import Bool, Float, Int

from affect_jax.files.clock import SteadyClock, ticks_per_frame
from affect_jax.files.damage import Damage
from affect_jax.files.decoding import Decoder
from affect_jax.files.video import open_video


class Clock(NamedTuple):
    """Presentation times of the frames of a video."""

    seconds: Float[np.ndarray, "frame"]  # since the first frame, see `files.clock`
    part: Int[np.ndarray, "frame"]  # 0, and one more after each place where the time stamps ran backwards
    ticks: Int[np.ndarray, "frame"]  # time stamps, increasing; frame numbers if the file has none
    key: Bool[np.ndarray, "frame"]  # keyframes, where decoding can start
    timed: bool  # whether the decoder reports the same ticks; otherwise frames can only be counted


class _Packet(NamedTuple):
    shown: int | None  # time stamps
    decoded: int | None
    key: bool


def read_clock(path: pathlib.Path) -> Clock:
    """Reads the clock of a file; ValueError if it has no frames. Warns if the file is damaged.

    AVI stores no presentation times: with a codec that reorders frames they are wrong, so frames must be counted.
    """
    container, stream = open_video(path)
    with container:
        packets, flagged, time_base = _read_packets(container, stream)
        rate = stream.average_rate or stream.guessed_rate or 25
        reorders, form = bool(stream.codec_context.has_b_frames), container.format.name
    if not packets:
        raise ValueError(f"{path} has no frames; is the file complete?")
    shown = [packet.shown for packet in packets]
    if None in shown or time_base is None or (form == "avi" and reorders and shown == sorted(shown)):
        return _counted(len(packets), float(1 / rate))
    step = ticks_per_frame(rate, time_base)
    seconds, parts, damage = [], [], Damage(float(step * time_base), continuous=form == "mpegts")
    clock = SteadyClock(step)
    ordered = [packet for part in _split_at_restarts(packets) for packet in sorted(part, key=lambda one: one.shown)]
    for index, packet in enumerate(ordered):
        ticks, backwards = clock.read(packet.shown)
        seconds.append(float(ticks * time_base))
        parts.append(parts[-1] + backwards if parts else 0)
        damage.frame(index, seconds[-1], backwards=backwards)
    if sentence := damage.sentence(0, flagged):
        logging.warning("%s %s", path, sentence)
    ticks = np.array([packet.shown for packet in ordered], np.int64)
    key = np.array([packet.key for packet in ordered], bool)
    if parts[-1] or (np.diff(ticks) <= 0).any():  # a time stamp alone does not name a frame
        return _counted(len(ordered), 0.0)._replace(seconds=np.array(seconds), part=np.array(parts))
    return Clock(np.array(seconds), np.array(parts), ticks, key, True)


def _read_packets(
    container: av.container.InputContainer, stream: av.VideoStream
) -> tuple[list[_Packet], int, Fraction | None]:
    """Reads all packets that are shown; also how many are damaged, and the unit of their time stamps."""
    decoder = Decoder(container, stream)
    packets, time_base = [], stream.time_base
    for packet in decoder.read():
        if packet.size and not packet.is_discard:
            packets.append(_Packet(packet.pts, packet.dts, packet.is_keyframe))
            time_base = packet.time_base
    return packets, decoder.flagged + decoder.failures, time_base


def _split_at_restarts(packets: list[_Packet]) -> list[list[_Packet]]:
    """Splits packets where their decoding times, which otherwise increase, run backwards."""
    parts, last = [[]], None
    for packet in packets:
        if last is not None and packet.decoded is not None and packet.decoded < last:
            parts.append([])
        parts[-1].append(packet)
        last = packet.decoded
    return parts


def _counted(frames: int, step_seconds: float) -> Clock:
    """The clock of a file whose frames can only be counted."""
    numbers = np.arange(frames)
    return Clock(numbers * step_seconds, np.zeros(frames, np.int64), numbers, np.zeros(frames, bool), False)
