"""A source of individual image files."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt8

from affect_jax.data.source import Table
from affect_jax.files import image_files
from affect_jax.types import UnreadableImage

LARGEST_BOX = 4  # side of a square around a face box, in longer sides of its image


class ImageFiles:
    """A source of individual image files.

    `places` describes where each example was listed, for messages. `upright` applies the EXIF orientation; use False if
    landmarks are in pixels as stored. `boxes` are square crops (left, top, side) in px; side 0 means the whole image.
    """

    def __init__(
        self,
        label_set: str,
        examples: Table,
        paths: Sequence[str],
        places: Sequence[str],
        upright: bool = True,
        boxes: Int[np.ndarray, "example 3"] | None = None,
    ):
        self.label_set, self.examples, self.paths, self.places = label_set, examples, paths, places
        self.upright, self.boxes = upright, boxes

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels; raises `UnreadableImage`, which names the file and row."""
        image = image_files.read(self.paths[index], f"{self.places[index]} ({self.paths[index]})", self.upright)
        if self.boxes is None or self.boxes[index, 2] == 0:
            return image
        left, top, side = (int(value) for value in self.boxes[index])
        height, width = image.shape[:2]
        if side > LARGEST_BOX * max(height, width):  # whose pixels may not fit the memory
            raise UnreadableImage(
                f"{self.places[index]} ({self.paths[index]}): the square around the face box has a side of {side} px "
                f"in an image of {width} x {height} px; correct the box or remove the row"
            )
        cut = np.zeros((side, side, 3), np.uint8)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
        if x1 > x0 and y1 > y0:
            cut[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
        return cut
