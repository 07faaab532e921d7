"""Finds the primary face of each image and tracks it from frame to frame."""

import dataclasses
import os
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.detector import Detection, Detector
from affect_jax.faces.face_mesh import Mesh, region_of_detection, region_of_mesh
from affect_jax.faces.interpreter import require_interpreter
from affect_jax.faces.landmarks68 import mesh_landmarks
from affect_jax.faces.model_file import DETECTOR, MESH, load_models
from affect_jax.ops.geometry import Crop
from affect_jax.ops.image_checks import check_photograph

PRESENCE_THRESHOLD = 0.5
PADDED_SIDE = 2.0  # times the image's longer side, so that a face that fills the image becomes small enough to detect
LOOK_EVERY = 25  # frames between two looks for other faces than the one that is followed
SMALLEST_TILE_PX = 128  # input size of the detector; smaller tiles would only be upsampled


@dataclasses.dataclass(frozen=True)
class Face:
    """One face in an image; all lengths in pixels of the image."""

    landmarks: Float[np.ndarray, "68 2"]  # iBUG order
    box: tuple[float, float, float, float]  # left, top, width, height of the mesh's bounding box
    score: float  # probability that the mesh lies on a face
    mesh: Float[np.ndarray, "478 3"]
    others: int | None = None  # number of other faces in the image; None if they were not looked for


class FaceFinder:
    """Finds the largest face of an image and tracks it through a video.

    In a video, the mesh of one frame determines the region searched in the next; when that fails, the detector runs
    again. `tile_levels` controls how finely an image is tiled if no face is found in the whole: 1 finds faces half as
    large and 2 a quarter as large, at the cost of about 6 and 25 more detector runs.
    """

    def __init__(self, model_path: str | os.PathLike | None = None, threads: int = 1, tile_levels: int = 1):
        """`model_path`: the user's own face_landmarker.task; None uses the cached or downloaded one."""
        require_interpreter()
        models = load_models(model_path)
        self._detector = Detector(models[DETECTOR], threads)
        self._mesh = Mesh(models[MESH], threads)
        self._tile_levels = tile_levels
        self._previous: Face | None = None
        self._until_look = 0
        self._regions: list[Crop] = []  # in which the face was detected

    def reset(self) -> None:
        """Forgets the tracked face; call it between videos and between unrelated images."""
        self._previous = None

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None:
        """Finds the primary face of the next frame of a video, or, after `reset`, of an image.

        Other faces are counted when a face is found, and from time to time while it is followed. ValueError if the
        image is not uint8 [height, width, 3].
        """
        check_photograph(image)
        face = None
        if self._previous is not None:
            face = self._fit_mesh(image, region_of_mesh(self._previous.mesh))
        if face is None:
            face = self._search(image)
        elif self._until_look <= 0:
            face = self._count_others(image, face, self._detect(image, self._regions))
        self._until_look -= 1
        self._previous = face
        return face

    def _search(self, image: UInt8[np.ndarray, "height width 3"]) -> Face | None:
        for regions in search_regions(image.shape[1], image.shape[0], self._tile_levels):
            detections = self._detect(image, regions)
            for detection in detections:
                if (face := self._fit_mesh(image, region_of_detection(detection))) is not None:
                    self._regions = regions  # where other faces are looked for as well
                    return self._count_others(image, face, detections)
        return None

    def _detect(self, image: UInt8[np.ndarray, "height width 3"], regions: list[Crop]) -> list[Detection]:
        """Detects faces in all regions, largest first; a face in several regions is detected several times."""
        detections = []
        for region in regions:
            detections.extend(self._detector(image, region))
        return sorted(detections, key=lambda detection: detection.side_px, reverse=True)

    def _count_others(
        self, image: UInt8[np.ndarray, "height width 3"], face: Face, detections: list[Detection]
    ) -> Face:
        """Returns the face with the number of detected faces whose middle is neither on it nor on each other."""
        low = np.array(face.box[:2])
        counted = [np.stack([low, low + face.box[2:]])]
        for detection in detections:
            middle = detection.corners.mean(0)
            if any((corners[0] <= middle).all() and (middle <= corners[1]).all() for corners in counted):
                continue
            if self._fit_mesh(image, region_of_detection(detection)) is not None:
                counted.append(detection.corners)
        self._until_look = LOOK_EVERY
        return dataclasses.replace(face, others=len(counted) - 1)

    def _fit_mesh(self, image: UInt8[np.ndarray, "height width 3"], region: Crop) -> Face | None:
        mesh, presence = self._mesh(image, region)
        if presence < PRESENCE_THRESHOLD:
            return None
        low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
        # The tracked face may have left the image.
        if (high < 0).any() or (low > (image.shape[1] - 1, image.shape[0] - 1)).any():
            return None
        left, top = low.tolist()
        width, height = (high - low).tolist()
        return Face(mesh_landmarks(mesh), (left, top, width, height), presence, mesh)


def search_regions(width_px: int, height_px: int, tile_levels: int) -> Iterator[list[Crop]]:
    """Yields lists of square regions to search, to be tried in order until a face is found.

    First the whole image, then the image with wide borders, then tiles of a half, a quarter, ... of its longer side,
    each overlapping its neighbors by half.
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
    """Centers of tiles along one side of the image, each overlapping the next by half."""
    if length_px <= tile_px:
        return [(length_px - 1) / 2]
    steps = int(np.ceil((length_px - tile_px) / (tile_px / 2)))
    return list(np.linspace(tile_px / 2 - 0.5, length_px - tile_px / 2 - 0.5, steps + 1))
