"""A few crops spread over a recording, for its plot."""

import numpy as np
from jaxtyping import UInt8

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
