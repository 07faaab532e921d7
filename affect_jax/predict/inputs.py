"""What a network gets of one face of one frame."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.personal.adapter import Adapter
from affect_jax.predict.predictor import Values


class Input(NamedTuple):
    """A crop, the adapter of the person that it shows, and the values that an earlier run computed for it."""

    crop: UInt8[np.ndarray, "size_px size_px 3"]
    adapter: Adapter | None = None  # always the same in a memory, which is of one face
    known: Values | None = None


def to_float(inputs: Sequence[Input]) -> Float[np.ndarray, "count size_px size_px 3"]:
    """The crops, stacked and scaled to [0, 1]."""
    return np.stack([each.crop for each in inputs]).astype(np.float32) / np.float32(255)


def adapters_of(inputs: Sequence[Input]) -> list[Adapter | None]:
    """The adapter of each crop."""
    return [each.adapter for each in inputs]
