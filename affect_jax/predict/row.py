"""What is known of one frame."""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8


@dataclasses.dataclass(frozen=True)
class Row:
    """The face of one frame and its values. Without a face, everything after `time_seconds` is None."""

    name: str  # of the file
    frame: int  # 0-based
    time_seconds: float
    crop: UInt8[np.ndarray, "size_px size_px 3"] | None = None  # what the network saw
    box: tuple[float, float, float, float] | None = None  # left, top, width, height in px; None for a ready crop
    score: float | None = None
    landmarks: Float[np.ndarray, "68 2"] | None = None
    values: dict[str, np.ndarray] | None = None  # by quantity, as of `Predictor.values`
