"""When and where a recording is searched for faces that are not followed."""

from collections.abc import Sequence

import numpy as np

from affect_jax.faces.face import Face, Image
from affect_jax.faces.landmarker import Landmarker
from affect_jax.faces.search import search, tiles, turned_regions, whole_regions
from affect_jax.ops.geometry import Crop

LOOK_SECONDS = 0.2  # between two looks for new faces while others are followed
THOROUGH_SECONDS = 1.0  # between two thorough looks; while there is no face, from one step up to this


class Looking:
    """Searches the whole image in each frame without a face, and more thoroughly the less often it was in vain."""

    def __init__(self, landmarker: Landmarker, tile_levels: int, step_seconds: float):
        """`step_seconds`: usual time between two frames."""
        self._landmarker = landmarker
        self._tile_levels = tile_levels
        self._step_seconds = self._wait_seconds = step_seconds
        self._regions: list[Crop] = []  # in which faces were found last
        self._next_look = self._next_thorough = -np.inf  # times
        self._empty = True  # whether there was no face in the last frame

    def shift(self, seconds: float) -> None:
        """Moves all times, as the clock of the recording did."""
        self._next_look += seconds
        self._next_thorough += seconds

    def hurry(self) -> None:
        """Looks in the next frame: there is a new scene."""
        self._next_look = -np.inf

    def look(self, image: Image, time_seconds: float, known: Sequence[Face], missing: Sequence[Crop]) -> list[Face]:
        """Returns faces beside the known ones.

        While faces are known, there is a look now and then, and in each frame while some are `missing`: squares around
        where they should be.
        """
        found: list[Face] = []
        if not known:
            found = self._search_whole(image, missing)
            if not found and not self._empty:
                self._wait_seconds, self._next_thorough = self._step_seconds, -np.inf
        elif time_seconds >= self._next_look or missing:
            found = search(self._landmarker, image, [*self._regions, *missing], known)
        if found or time_seconds >= self._next_look:
            self._next_look = time_seconds + LOOK_SECONDS
        if time_seconds >= self._next_thorough:
            found += self._search_thoroughly(image, [*known, *found])
            longest = max(THOROUGH_SECONDS, self._step_seconds)
            in_vain = not known and not found
            self._next_thorough = time_seconds + (self._wait_seconds if in_vain else longest)
            self._wait_seconds = min(2 * self._wait_seconds, longest) if in_vain else self._step_seconds
        self._empty = not known and not found
        return found

    def _search_whole(self, image: Image, missing: Sequence[Crop]) -> list[Face]:
        for regions in whole_regions(*image.shape[1::-1]):
            if found := search(self._landmarker, image, [*regions, *missing]):
                self._regions = regions
                return found
        return []

    def _search_thoroughly(self, image: Image, known: Sequence[Face]) -> list[Face]:
        """Searches tiles, and if there is no face at all the image turned."""
        size = image.shape[1::-1]
        for regions in tiles(*size, self._tile_levels):
            if found := search(self._landmarker, image, regions, known, certain=True):
                self._regions = regions
                return found
        return [] if known else search(self._landmarker, image, turned_regions(*size), certain=True)
