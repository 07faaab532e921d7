"""What is known about one face of one frame."""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.face import Box
from affect_jax.predict.persons import Person


@dataclasses.dataclass(frozen=True)
class Row:
    """One face in one frame and its predictions; a frame without a face has one row, whose `face` is None."""

    name: str  # of the file, as in the table
    frame: int  # 0-based
    time_seconds: float
    crop: UInt8[np.ndarray, "size_px size_px 3"] | None = None  # the input of the network
    box: Box | None = None  # in px; None for given crops
    score: float | None = None
    landmarks: Float[np.ndarray, "68 2"] | None = None
    values: dict[str, np.ndarray] | None = None  # by quantity, from `Predictor.values`
    face: int | None = None  # number of the face in the recording, from 0 in order of first sight
    quality: float | None = None  # in [0, 1]
    blendshapes: Float[np.ndarray, "52"] | None = None
    image: UInt8[np.ndarray, "height width 3"] | None = None  # the frame, until its windows are cropped alike
    person: Person | None = None  # whom the face is taken for; None if nobody's adapter is used
