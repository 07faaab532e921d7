"""A few crops spread over a recording, for its plot."""

import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from affect_jax.draw.colors import GRAY, INK

FACES = 8

Thumbnail = tuple[float, UInt8[np.ndarray, "size_px size_px 3"]]  # time in seconds, crop


class Thumbnails:
    """Keeps a few crops spread over a recording of unknown length; whenever it is full, every second one is dropped."""

    def __init__(self, count: int = FACES):
        self._count = count
        self._stride = 1
        self._offered = 0
        self._kept: list[Thumbnail] = []

    def offer(self, time_seconds: float, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> None:
        """Takes the next crop, and keeps or drops it."""
        if self._offered % self._stride == 0:
            self._kept.append((time_seconds, crop))
            if len(self._kept) == 4 * self._count:
                self._kept = self._kept[::2]
                self._stride = 2 * self._stride
        self._offered += 1

    def select(self) -> list[Thumbnail]:
        """At most `count` crops, evenly spread."""
        places = np.linspace(0, len(self._kept) - 1, min(self._count, len(self._kept))).round().astype(int)
        return [self._kept[place] for place in places]


def draw_below(figure: Figure, upper: Axes, faces: list[Thumbnail]) -> None:
    """Draws a row of crops, each connected to its point on the time axis."""
    inches = 1 / figure.get_figheight()
    width = 0.85 / FACES
    gap = 0.008
    start = 0.07 + (FACES - len(faces)) * width / 2
    for place, (time, crop) in enumerate(faces):
        lower = figure.add_axes((start + place * width + gap / 2, 0.16 * inches, width - gap, 1.09 * inches))
        lower.imshow(crop)
        lower.set_axis_off()
        lower.set_title(f"{time:.1f} s", fontsize=8.5, color=INK, pad=3)
        connection = ConnectionPatch(
            (time, upper.get_ylim()[0]),
            (0.5, 1.17),
            "data",
            "axes fraction",
            axesA=upper,
            axesB=lower,
            color=GRAY,
            linewidth=0.7,
        )
        connection.set_zorder(-1)  # below the tick labels
        figure.add_artist(connection)
