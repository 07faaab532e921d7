"""How the library finds faces."""

import os
from collections.abc import Sequence

from affect_jax.predict.crops import MakeTracks
from affect_jax.tables.groups import require_groups

CHOICES = ("landmarker", "whole_frame")


def choose_tracks(faces: str, face_model: str | os.PathLike | None, include: Sequence[str]) -> MakeTracks | None:
    """What finds the faces; None if each image is a face crop already.

    ImportError with the line that installs it if the landmarker's interpreter is missing.
    """
    if faces not in CHOICES:
        raise ValueError(f"faces is {faces!r}; choose 'landmarker', or 'whole_frame' for images that are face crops")
    require_groups(tuple(include))
    if faces == "whole_frame":
        if face_model is not None:
            raise ValueError(f"face_model={os.fspath(face_model)!r} has no effect with faces='whole_frame'")
        if include:
            raise ValueError(f"include={list(include)} needs found faces, and faces='whole_frame' finds none")
        return None
    from affect_jax.faces.interpreter import require_interpreter  # an optional dependency
    from affect_jax.faces.tracks import FaceTracks

    require_interpreter()
    return lambda step_seconds: FaceTracks(face_model, step_seconds=step_seconds, blendshapes="blendshapes" in include)
