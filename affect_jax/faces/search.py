"""In which regions of an image faces are looked for, and the search through them."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.faces.detector import Detection
from affect_jax.faces.face import Face, Image, overlap
from affect_jax.faces.face_mesh import region_of_detection
from affect_jax.faces.landmarker import Landmarker
from affect_jax.ops.geometry import Crop

PADDED_SIDE = 2.0  # times the image's longer side, so that a face that fills the image becomes small enough to detect
SMALLEST_TILE_PX = 128  # input size of the detector; smaller tiles would only be upsampled
TURNS_DEGREES = (90.0, -90.0, 180.0, 45.0, -45.0)
CLOSER_SIDE = 2.0  # of the square in which a face is detected again, times that of the face, rounded to a power of two
GRID, TURN_DEGREES = 8, 45.0  # parts of that side, and steps of the turn, to which the square is rounded
# Scores of small faces of photographs: 0.73 and more, 0.99 and more; of what is none in videos: 0.6, 0.8 at most.
CERTAIN_DETECTION, CERTAIN_MESH = 0.7, 0.9
SAME_FACE = 0.3  # intersection over union of meshes' boxes from which on they may lie on one face,
SAME_FACE_DISTANCE = 0.25  # and mean distance of their landmarks, in sizes of the face, below which they do


def whole_regions(width_px: int, height_px: int) -> list[list[Crop]]:
    """Returns lists of square regions to search, in order: the whole image, then the image with wide borders."""
    side = max(width_px, height_px)
    middle_x, middle_y = (width_px - 1) / 2, (height_px - 1) / 2
    return [[Crop(middle_x, middle_y, float(side))], [Crop(middle_x, middle_y, side * PADDED_SIDE)]]


def tiles(width_px: int, height_px: int, levels: int) -> Iterator[list[Crop]]:
    """Yields square tiles of the image: of a half, a quarter, ... of its longer side, each half on its neighbors."""
    side = max(width_px, height_px)
    for level in range(1, levels + 1):
        tile = side / 2**level
        if tile < SMALLEST_TILE_PX:
            return
        yield [Crop(x, y, tile) for y in _centers(height_px, tile) for x in _centers(width_px, tile)]


def turned_regions(width_px: int, height_px: int) -> list[Crop]:
    """Returns the whole image turned, for faces that are not upright."""
    (whole,) = whole_regions(width_px, height_px)[0]
    return [dataclasses.replace(whole, rotation_degrees=degrees) for degrees in TURNS_DEGREES]


def _centers(length_px: int, tile_px: float) -> list[float]:
    """Centers of tiles along one side of the image, each overlapping the next by half."""
    if length_px <= tile_px:
        return [(length_px - 1) / 2]
    steps = int(np.ceil((length_px - tile_px) / (tile_px / 2)))
    return list(np.linspace(tile_px / 2 - 0.5, length_px - tile_px / 2 - 0.5, steps + 1))


def search(
    landmarker: Landmarker,
    image: Image,
    regions: Sequence[Crop],
    known: Sequence[Face] = (),
    certain: bool = False,
) -> list[Face]:
    """Returns the faces in these regions, largest first, without those that are known.

    With `certain`, only those that are surely faces, also when the detector sees nothing but them.
    """
    found: list[Face] = []
    for detection in landmarker.detect(image, regions):
        if any(_holds(face, detection.corners.mean(0)) for face in (*known, *found)):
            continue
        closer = look_closer(landmarker, image, detection)
        if certain and (closer is None or closer.score < CERTAIN_DETECTION):
            continue
        face = landmarker.fit(image, region_of_detection(closer or detection))
        if face is None or (certain and face.score < CERTAIN_MESH):
            continue
        if not any(is_same(face, other) for other in (*known, *found)):
            found.append(face)
    return found


def look_closer(landmarker: Landmarker, image: Image, detection: Detection) -> Detection | None:
    """Detects a face again in a square of its own, enlarged and upright.

    The square lies on a coarse grid: what else there is in the image, which moves the first detection by fractions of a
    pixel, does not change this one.
    """
    side = CLOSER_SIDE * 2.0 ** round(math.log2(max(detection.side_px, 1.0)))
    middle = detection.corners.mean(0)
    center = np.round(middle / (side / GRID)) * (side / GRID)
    turn = round(region_of_detection(detection).rotation_degrees / TURN_DEGREES) * TURN_DEGREES
    seen = landmarker.detect(image, [Crop(float(center[0]), float(center[1]), side, turn)])
    seen = [each for each in seen if np.linalg.norm(each.corners.mean(0) - middle) < detection.side_px / 2]
    return min(seen, key=lambda each: float(np.linalg.norm(each.corners.mean(0) - middle)), default=None)


def is_same(first: Face, second: Face) -> bool:
    """Whether two meshes lie on one face of the image."""
    if overlap(first.box, second.box) < SAME_FACE:
        return False
    return landmark_distance(first.landmarks, second) < SAME_FACE_DISTANCE


def landmark_distance(landmarks: Float[np.ndarray, "68 2"], face: Face) -> float:
    """The mean distance of landmarks from those of a face, in sizes of the face."""
    return float(np.linalg.norm(landmarks - face.landmarks, axis=1).mean()) / face.size_px


def _holds(face: Face, place: Float[np.ndarray, "2"]) -> bool:
    left, top, width, height = face.box
    return bool(left <= place[0] <= left + width and top <= place[1] <= top + height)
