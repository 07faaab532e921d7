"""Sources that fit in memory."""

import numpy as np
from jaxtyping import UInt8

from affect_jax.data.source import Table


class GrayImages:
    """A source of grayscale images of one size, stored as one array."""

    def __init__(self, label_set: str, examples: Table, pixels: UInt8[np.ndarray, "example height width"]):
        self.label_set, self.examples, self.pixels = label_set, examples, pixels

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns the grayscale image as RGB."""
        return np.repeat(self.pixels[index][..., None], 3, axis=-1)
