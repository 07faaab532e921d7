"""How the library finds faces."""

import os

from affect_jax.experiment.predict import make_landmarker
from affect_jax.predict.crops import MakeTracks

CHOICES = ("landmarker", "whole_frame")


def choose_tracks(faces: str, face_model: str | os.PathLike | None) -> MakeTracks | None:
    """What finds the faces; None if each image is a face crop already.

    ImportError with the line that installs it if the landmarker's interpreter is missing.
    """
    if faces not in CHOICES:
        raise ValueError(f"faces is {faces!r}; choose 'landmarker', or 'whole_frame' for images that are face crops")
    if faces == "landmarker":
        return make_landmarker(face_model)
    if face_model is not None:
        raise ValueError(f"face_model={os.fspath(face_model)!r} has no effect with faces='whole_frame'")
    return None
