"""How the library finds faces."""

import os

from affect_jax.predict.crops import Finder

CHOICES = ("landmarker", "whole_frame")


def make_finder(faces: str, face_model: str | os.PathLike | None) -> Finder | None:
    """The finder of faces; None if each image is a face crop already.

    ImportError with the line that installs it if the landmarker's interpreter is missing, FileNotFoundError if its
    weights cannot be had.
    """
    if faces not in CHOICES:
        raise ValueError(f"faces is {faces!r}; choose 'landmarker', or 'whole_frame' for images that are face crops")
    if faces == "whole_frame":
        if face_model is not None:
            raise ValueError(f"face_model={os.fspath(face_model)!r} has no effect with faces='whole_frame'")
        return None
    from affect_jax.faces.finder import FaceFinder  # its interpreter is an optional dependency

    return FaceFinder(face_model)
