"""What is known about one frame."""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8


@dataclasses.dataclass(frozen=True)
class Row:
    """The face in one frame and its predictions; without a face, all fields after `time_seconds` are None."""

    name: str  # of the file
    frame: int  # 0-based
    time_seconds: float
    crop: UInt8[np.ndarray, "size_px size_px 3"] | None = None  # the input of the network
    box: tuple[float, float, float, float] | None = None  # left, top, width, height in px; None for given crops
    score: float | None = None
    landmarks: Float[np.ndarray, "68 2"] | None = None
    values: dict[str, np.ndarray] | None = None  # by quantity, from `Predictor.values`
