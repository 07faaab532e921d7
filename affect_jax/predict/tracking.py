"""Follows the face of a recording from frame to frame."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from affect_jax.faces.face import Face
from affect_jax.predict.continuity import Continuity
from affect_jax.predict.crops import is_on_image
from affect_jax.predict.sources import Frame


@runtime_checkable
class Finder(Protocol):
    """Finds the primary face; `faces.finder.FaceFinder` is one."""

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None: ...

    def reset(self) -> None: ...


class Tracker:
    """Finds the face of each frame, and searches again where the last one cannot go on: at a cut, after a gap."""

    def __init__(self, finder: Finder, step_seconds: float):
        """`step_seconds`: usual time between two frames."""
        self._finder = finder
        self._continuity = Continuity(step_seconds)
        self._finder.reset()

    @property
    def number(self) -> int:
        """Number of the last face in the recording, from 0."""
        return self._continuity.face

    def find(self, frame: Frame) -> tuple[Face | None, bool]:
        """Returns the face of a frame, and whether a network has to start again with it."""
        ends = self._continuity.ends(frame)
        if ends:
            self._finder.reset()
        face = self._find(frame)
        cut = face is not None and self._continuity.is_cut(frame)
        if cut:  # the finder followed the last face to a place where another one may be
            self._finder.reset()
            face = self._find(frame)
        if face is None:
            return None, ends
        new = self._continuity.follow(frame, face.box, cut)
        return face, ends or new

    def _find(self, frame: Frame) -> Face | None:
        face = self._finder.find(frame.image)
        return face if face is not None and is_on_image(face.landmarks, frame.image) else None
