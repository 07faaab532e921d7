"""What is known about one frame."""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.face import Box


@dataclasses.dataclass(frozen=True)
class Row:
    """The face in one frame and its predictions; without a face, the fields from `crop` to `values` are None."""

    name: str  # of the file
    frame: int  # 0-based
    time_seconds: float
    crop: UInt8[np.ndarray, "size_px size_px 3"] | None = None  # the input of the network
    box: Box | None = None  # in px; None for given crops
    score: float | None = None
    landmarks: Float[np.ndarray, "68 2"] | None = None
    values: dict[str, np.ndarray] | None = None  # by quantity, from `Predictor.values`
    face: int = 0  # number of the face in the recording; another one after a cut or a jump
    others: int | None = None  # number of other faces; None if they were not looked for
