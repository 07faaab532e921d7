"""Small videos whose pixels, time stamps and damage are known."""

import pathlib
import struct
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np


def gray_images(levels: Sequence[int], width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Gray images with a bright corner, upper left, to tell which way is up."""
    images = []
    for level in levels:
        image = np.full((height, width, 3), level, np.uint8)
        image[: height // 3, : width // 3] = 255
        images.append(image)
    return images


def textures(count: int, seed: int = 0, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Images of one scene that drifts by one pixel from image to image; another seed is another scene."""
    rng = np.random.default_rng(seed)
    scene = np.kron(rng.integers(0, 256, (height // 8 + 1, (width + count) // 8 + 1, 3)), np.ones((8, 8, 1)))
    return [np.ascontiguousarray(scene[:height, shift : shift + width], np.uint8) for shift in range(count)]


def write(
    path: pathlib.Path,
    images: Sequence[np.ndarray],
    *,
    codec: str = "libx264",
    rate: int = 25,
    ticks: Sequence[int] | None = None,
    start: int = 0,
    ratio: Fraction | None = None,
    matrix: Sequence[int] | None = None,
    sound: str = "",
    form: str | None = None,
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
) -> pathlib.Path:
    """Writes a video.

    `ticks` of 1/90000 s say when each image is shown; without them, the first is frame number `start`. `sound` is the
    codec of a tone that comes with the images.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(f"file:{path}", "w", format=form, options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if ratio is not None:
            stream.codec_context.sample_aspect_ratio = ratio
        if matrix is not None:
            stream.set_display_matrix(matrix)
        if ticks is not None:
            stream.codec_context.time_base = Fraction(1, 90000)
        heard = sound and container.add_stream(sound, rate=8000, layout="mono")
        base = Fraction(1, rate if ticks is None else 90000)
        stamps = range(start, start + len(images)) if ticks is None else ticks
        for stamp, image in zip(stamps, images, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = stamp, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if heard:
            _write_sound(container, heard, start / rate, len(images) / rate)
    return path


def _write_sound(container, stream, start_seconds: float, seconds: float) -> None:
    for start in range(0, int(8000 * seconds), 1024):
        wave = 8000 * np.sin(np.arange(start, start + 1024) / 4)[None]
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 8000, round(8000 * start_seconds) + start
        frame.time_base = Fraction(1, 8000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def lose_middle(path: pathlib.Path, share: float = 0.4, size: int = 1500) -> None:
    """Overwrites a part of the file with zeros."""
    data = bytearray(path.read_bytes())
    start = int(len(data) * share)
    data[start : start + size] = bytes(size)
    path.write_bytes(data)


def join(path: pathlib.Path, *parts: pathlib.Path) -> pathlib.Path:
    """Joins files byte by byte, as `cat` does; their clocks start again."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def display_matrix(a: float, b: float, c: float, d: float) -> list[int]:
    """The matrix of a display of ISO 14496-12: (x, y) is shown at (a x + c y, b x + d y)."""
    one = 1 << 16
    return [round(a * one), round(b * one), 0, round(c * one), round(d * one), 0, 0, 0, 1 << 30]


def write_matrix(path: pathlib.Path, matrix: Sequence[int]) -> None:
    """Writes a matrix into the track header of an MP4 file (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 4 + 20 + 16  # after version, times and duration, layer and volume
    data[start : start + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(data)
