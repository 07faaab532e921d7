"""The primary face of each picture, followed from frame to frame."""

import dataclasses
import os
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.detector import Detection, Detector
from affect_jax.faces.interpreter import require_interpreter
from affect_jax.faces.landmarks68 import landmarks_of_mesh
from affect_jax.faces.mesh import Mesh, region_of_detection, region_of_mesh
from affect_jax.faces.model_file import DETECTOR, MESH, load_models
from affect_jax.ops.geometry import Crop

PRESENCE_THRESHOLD = 0.5
PADDED_SIDE = 2.0  # of the picture's longer side: a face that fills the picture becomes a face of ordinary size
SMALLEST_TILE_PX = 128  # tiles below the detector's own size would only be blown up


@dataclasses.dataclass(frozen=True)
class Face:
    """One face in a picture; all lengths in pixels of the picture."""

    landmarks: Float[np.ndarray, "68 2"]  # iBUG order
    box: tuple[float, float, float, float]  # left, top, width, height of the mesh's tight box
    score: float  # probability that the mesh lies on a face
    mesh: Float[np.ndarray, "478 3"]


class FaceFinder:
    """Finds the largest face of a picture and follows it through a video.

    In a video the region of one frame's mesh is where the next frame is looked at; the detector runs again when that
    fails. `tile_levels` says how far pictures are cut into tiles when nothing is found in the whole: 1 finds faces
    half as large, 2 a quarter as large, at about 6 and 25 more detector runs.
    """

    def __init__(self, model_path: str | os.PathLike | None = None, threads: int = 1, tile_levels: int = 1):
        """`model_path`: a face_landmarker.task of the user's own; None takes the cached or downloaded one."""
        require_interpreter()
        models = load_models(model_path)
        self._detector = Detector(models[DETECTOR], threads)
        self._mesh = Mesh(models[MESH], threads)
        self._tile_levels = tile_levels
        self._previous: Face | None = None

    def reset(self) -> None:
        """Forgets the face followed so far; call it between videos and between unrelated pictures."""
        self._previous = None

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None:
        """The primary face of the next frame of a video, or of a picture after `reset`."""
        face = self._place(image, region_of_mesh(self._previous.mesh)) if self._previous is not None else None
        self._previous = face or self._search(image)
        return self._previous

    def _search(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None:
        for regions in search_regions(image.shape[1], image.shape[0], self._tile_levels):
            detections = [found for region in regions for found in self._detector(image, region)]
            for detection in sorted(detections, key=size, reverse=True):
                if (face := self._place(image, region_of_detection(detection))) is not None:
                    return face
        return None

    def _place(self, image: UInt8[np.ndarray, "height width 3"], region: Crop) -> Face | None:
        mesh, presence = self._mesh(image, region)
        if presence < PRESENCE_THRESHOLD:
            return None
        low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
        if (high < 0).any() or (low > (image.shape[1] - 1, image.shape[0] - 1)).any():
            return None  # the face followed has left the picture
        left, top, width, height = (float(value) for value in (*low, *(high - low)))
        return Face(landmarks_of_mesh(mesh), (left, top, width, height), presence, mesh)


def size(detection: Detection) -> float:
    """What makes a face the primary one."""
    return detection.side_px


def search_regions(width_px: int, height_px: int, tile_levels: int) -> Iterator[list[Crop]]:
    """Square regions to look at, one list after another until a face is found.

    The whole picture; the picture with wide borders; then tiles of half, a quarter... of its longer side, each
    overlapping its neighbors by half.
    """
    side = max(width_px, height_px)
    middle_x, middle_y = (width_px - 1) / 2, (height_px - 1) / 2
    yield [Crop(middle_x, middle_y, float(side))]
    yield [Crop(middle_x, middle_y, side * PADDED_SIDE)]
    for level in range(1, tile_levels + 1):
        tile = side / 2**level
        if tile < SMALLEST_TILE_PX:
            return
        yield [Crop(x, y, tile) for y in _centers(height_px, tile) for x in _centers(width_px, tile)]


def _centers(length_px: int, tile_px: float) -> list[float]:
    """Centers of half-overlapping tiles along one side of the picture."""
    if length_px <= tile_px:
        return [(length_px - 1) / 2]
    steps = int(np.ceil((length_px - tile_px) / (tile_px / 2)))
    return list(np.linspace(tile_px / 2 - 0.5, length_px - tile_px / 2 - 0.5, steps + 1))
