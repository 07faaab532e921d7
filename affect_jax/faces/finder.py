"""Finds the primary face of each image: the largest one, and the same one from frame to frame."""

import dataclasses
import os

import numpy as np
from jaxtyping import UInt8

from affect_jax.faces.face import Face
from affect_jax.faces.tracks import TILE_LEVELS, FaceTracks

STEP_SECONDS = 0.04  # the frames of a video are taken to be this far apart


class FaceFinder:
    """Finds the largest face of an image, and follows it through a video.

    `tile_levels` controls how finely an image is tiled beside the search in the whole: 1 finds faces half as large and
    2 a quarter as large, at the cost of about 6 and 25 more detector runs.
    """

    def __init__(self, model_path: str | os.PathLike | None = None, threads: int = 1, tile_levels: int = TILE_LEVELS):
        """`model_path`: the user's own face_landmarker.task; None uses the cached or downloaded one."""
        self._tracks = FaceTracks(model_path, step_seconds=STEP_SECONDS, threads=threads, tile_levels=tile_levels)
        self.reset()

    def reset(self) -> None:
        """Forgets the face that is followed; call it between videos and between unrelated images."""
        self._tracks.reset()
        self._number: int | None = None  # of the face that is followed
        self._frames = 0

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None:
        """Finds the primary face of the next frame of a video, or, after `reset`, of an image.

        ValueError if the image is not uint8 [height, width, 3].
        """
        faces = self._tracks.find(image, self._frames * STEP_SECONDS)
        self._frames += 1
        if not faces:
            return None
        largest = max(faces, key=lambda face: face.size_px)
        face = next((face for face in faces if face.number == self._number), largest)
        self._number = face.number
        return dataclasses.replace(face, others=len(faces) - 1)
