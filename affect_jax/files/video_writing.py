"""Writing of videos that browsers play: H.264 in an MP4 file."""

import os
import pathlib
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from jaxtyping import UInt8

from affect_jax.files.atomic import replace_atomically

# The first encoder in this build of FFmpeg is taken; no browser plays MPEG-4 part 2, the last resort.
CODECS = (
    ("libx264", {"crf": "19", "preset": "veryfast"}),
    ("libopenh264", {"b": "4000000"}),
    ("mpeg4", {"q": "3"}),
)


def add_video_stream(
    container: av.container.OutputContainer, rate: Fraction, width: int, height: int
) -> av.video.stream.VideoStream:
    """Adds a stream of square pixels with the best encoder; width and height must be even."""
    name, options = next((name, options) for name, options in CODECS if name in av.codecs_available)
    stream = container.add_stream(name, rate=rate, options=options)
    stream.width = width
    stream.height = height
    stream.pix_fmt = "yuv420p"
    return stream


def write_video(path: pathlib.Path, images: Iterable[UInt8[np.ndarray, "height width 3"]], fps: float) -> None:
    """Writes images of one even size as an MP4 file, complete or not at all."""
    with replace_atomically(path) as part, av.open(f"file:{os.path.abspath(part)}", "w", format="mp4") as container:
        stream = None
        for image in images:
            if stream is None:
                height, width = image.shape[:2]
                stream = add_video_stream(container, Fraction(fps).limit_denominator(1000), width, height)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
