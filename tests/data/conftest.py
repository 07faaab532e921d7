"""Small films."""

import pathlib
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import pytest


@pytest.fixture
def write_film() -> Callable[..., pathlib.Path]:
    """Writes flat gray frames of the given levels, stored in another order than they are shown where the codec can.

    `ticks` of 1/90000 s say when each is shown; without them they come `rate` a second.
    """

    def write(path, levels, codec="libx264", rate=25, ticks=None) -> pathlib.Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, options={"bf": "2", "g": "12"})
            stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 32, 32, "yuv420p", 4_000_000
            if ticks is not None:
                stream.codec_context.time_base = Fraction(1, 90000)
            for place, level in enumerate(levels):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), level, np.uint8), format="rgb24")
                if ticks is not None:
                    frame.pts, frame.time_base = ticks[place], Fraction(1, 90000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write
