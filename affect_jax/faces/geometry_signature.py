"""Proportions of a face that hardly depend on pose and expression: a rough check of whose face it is.

It tells two people apart only if their faces are built differently, and is no recognition of faces: a warning may rest
on it, no decision. Ours.
"""

import numpy as np
from jaxtyping import Float

# Points that move little with expressions, as (x, y, z) of an average face: x to the right of the image, y down, z
# toward the viewer; the unit is half the width of the face, and the eyes are at y = 0.
_RIGHT_HALF = {
    **{14: (0.97, 0.38, -0.55), 15: (1.0, 0.08, -0.6), 16: (1.0, -0.2, -0.6)},  # of the jaw line, beside the ear
    **{35: (0.235, 0.62, 0.3), 42: (0.225, 0.02, 0.12), 45: (0.685, -0.02, 0.02)},  # nose wing, corners of the eye
}
_MIDLINE = {27: (0, -0.06, 0.3), 28: (0, 0.15, 0.4), 29: (0, 0.36, 0.52), 30: (0, 0.55, 0.62), 33: (0, 0.68, 0.45)}
_COUNTERPARTS = {14: 2, 15: 1, 16: 0, 35: 31, 42: 39, 45: 36}
_LEFT_HALF = {_COUNTERPARTS[point]: (-x, y, z) for point, (x, y, z) in _RIGHT_HALF.items()}
_AVERAGE = {**_RIGHT_HALF, **_MIDLINE, **_LEFT_HALF}
_POINTS = np.array(list(_AVERAGE))
_FACE = np.array(list(_AVERAGE.values()), np.float64)

# In units of the distance between the outer corners of the eyes; heights are below the line through the eyes.
NAMES = (
    "distance of the inner corners of the eyes",
    "width of the nose",
    "width of the face at the upper end of the jaw line",
    "width of the face below it",
    "width of the face below that",
    "height of the root of the nose",
    "height of the tip of the nose",
    "height of the wings of the nose",
    "height of the base of the nose",
    "height of the inner above the outer corners of the eyes",
)


def geometry_signature(landmarks: Float[np.ndarray, "*face 68 2"]) -> Float[np.ndarray, "*face 10"]:
    """The proportions in `NAMES`; landmarks in pixels of an image or of a crop.

    The head is turned to the front first: its pose is that of an average face whose points, seen from afar, come
    closest to the landmarks. Landmarks that all coincide give zeros.
    """
    x, y = np.moveaxis(_to_front(landmarks[..., _POINTS, :].astype(np.float64)), -1, 0)
    place = {point: index for index, point in enumerate(_AVERAGE)}
    width = lambda point: x[..., place[point]] - x[..., place[_COUNTERPARTS[point]]]
    level = lambda point: (y[..., place[point]] + y[..., place[_COUNTERPARTS[point]]]) / 2
    eyes = (level(42) + level(45)) / 2
    measures = [width(point) for point in (42, 35, 16, 15, 14)]
    measures += [y[..., place[point]] - eyes for point in (27, 30)]
    measures += [level(35) - eyes, y[..., place[33]] - eyes, level(45) - level(42)]
    unit = width(45)[..., None]
    known = np.abs(unit) > 1e-9
    return np.where(known, np.stack(measures, -1) / np.where(known, unit, 1), 0)


def _to_front(points: Float[np.ndarray, "*face point 2"]) -> Float[np.ndarray, "*face point 2"]:
    """The points of `_POINTS` as the camera would see them if the head faced it, with the depths of the average face.

    Weak perspective: points = camera @ face + shift, with a camera of two orthogonal rows of the same length.
    """
    center = _FACE.mean(0)
    centered = points - points.mean(-2, keepdims=True)
    affine = np.swapaxes(np.linalg.pinv(_FACE - center) @ centered, -1, -2)
    left, lengths, right = np.linalg.svd(affine, full_matrices=False)
    scale = np.maximum(lengths.mean(-1), 1e-12)[..., None, None]
    camera = left @ right * scale
    flat = centered - camera[..., None, :, 2] * (_FACE[:, 2:] - center[2])
    return flat @ np.swapaxes(np.linalg.pinv(camera[..., :2]), -1, -2)
