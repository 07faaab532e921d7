"""When and where a recording is searched for faces that are not followed."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from affect_jax.faces.face import Face
from affect_jax.faces.landmarker import Landmarker
from affect_jax.faces.search import confirm, fine_regions, search, whole_regions
from affect_jax.ops.geometry import Crop

LOOK_SECONDS = 0.2  # between two looks for new faces while others are followed
LONGEST_WAIT_SECONDS = 1.0  # between two thorough looks while there is no face


class Looking:
    """Searches the whole image in each frame without a face, and more thoroughly the less often it was in vain."""

    def __init__(self, landmarker: Landmarker, tile_levels: int, step_seconds: float):
        self._landmarker = landmarker
        self._tile_levels = tile_levels
        self._step_seconds = step_seconds
        self._regions: list[Crop] = []  # in which faces were found last
        self._next_look = self._next_thorough = -np.inf  # times
        self._wait = step_seconds

    def shift(self, seconds: float) -> None:
        """Moves all times, as the clock of the recording did."""
        self._next_look += seconds
        self._next_thorough += seconds

    def look(
        self,
        image: UInt8[np.ndarray, "height width 3"],
        time_seconds: float,
        known: Sequence[Face],
        missing: Sequence[Crop],
    ) -> list[Face]:
        """Returns faces beside the known ones.

        While faces are known, there is a look now and then, and in each frame while some are `missing`: squares around
        where they should be. ValueError if the image is not uint8 [height, width, 3].
        """
        if known:
            if time_seconds < self._next_look and not missing:
                return []
            self._next_look = time_seconds + LOOK_SECONDS
            return search(self._landmarker, image, [*self._regions, *missing], known)
        self._next_look = time_seconds + LOOK_SECONDS
        found = self._search_all(image, time_seconds, missing)
        if found:
            self._wait, self._next_thorough = self._step_seconds, -np.inf
        return found

    def _search_all(
        self, image: UInt8[np.ndarray, "height width 3"], time_seconds: float, missing: Sequence[Crop]
    ) -> list[Face]:
        size = image.shape[1], image.shape[0]
        for regions in whole_regions(*size):
            if found := search(self._landmarker, image, [*regions, *missing]):
                self._regions = regions
                return found
        if time_seconds < self._next_thorough:
            return []
        for regions in fine_regions(*size, self._tile_levels):
            found = search(self._landmarker, image, regions)
            if found := [face for face in found if confirm(self._landmarker, image, face)]:
                self._regions = regions
                return found
        self._next_thorough = time_seconds + self._wait
        self._wait = min(2 * self._wait, max(LONGEST_WAIT_SECONDS, self._step_seconds))
        return []
