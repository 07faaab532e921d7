"""The 478-point face mesh on an upright, square region.

Source: Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020.
"""

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.detector import LEFT_EYE, RIGHT_EYE, Detection
from affect_jax.faces.interpreter import Network
from affect_jax.ops.geometry import Crop, crop_matrix, invert, warp_points
from affect_jax.ops.image import warp_image

POINTS = 478
MARGIN = 1.5  # side of the region over the longer side of the box: a quarter on each side, as the mesh was trained
RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263  # outer corners, of the person


class Mesh:
    """Places the mesh in a region that holds one face."""

    def __init__(self, weights: bytes, threads: int = 1):
        self._network = Network(weights, threads)

    def __call__(
        self, image: UInt8[np.ndarray, "height width 3"], region: Crop
    ) -> tuple[Float[np.ndarray, "478 3"], float]:
        """Points (x, y, depth) in pixels of the picture, and the probability in [0, 1] that a face is there.

        Depth grows away from the camera, is zero near the head's center and has the scale of x.
        """
        size_px = self._network.size_px
        matrix = crop_matrix(region, size_px)
        picture = warp_image(image, matrix, size_px)
        points, presence, _ = self._network(picture.astype(np.float32) / 255)
        points = points.reshape(POINTS, 3).astype(np.float64)
        mesh = np.empty((POINTS, 3), np.float32)
        mesh[:, :2] = warp_points(invert(matrix), points[:, :2] - 0.5)  # pixel centers are integers here
        mesh[:, 2] = points[:, 2] * (region.side_px / size_px)
        return mesh, float(1 / (1 + np.exp(-presence.astype(np.float64).item())))


def region_of_detection(detection: Detection) -> Crop:
    """Square about a detected box, turned so that the eyes lie level."""
    center = detection.corners.mean(0)
    side = detection.side_px * MARGIN
    return _upright(center, side, detection.keypoints[RIGHT_EYE], detection.keypoints[LEFT_EYE])


def region_of_mesh(mesh: Float[np.ndarray, "478 3"]) -> Crop:
    """Square about the mesh of the frame before, turned so that the eyes lie level."""
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    side = float((high - low).max()) * MARGIN
    return _upright((low + high) / 2, side, mesh[RIGHT_EYE_CORNER, :2], mesh[LEFT_EYE_CORNER, :2])


def _upright(
    center: Float[np.ndarray, "2"], side: float, right: Float[np.ndarray, "2"], left: Float[np.ndarray, "2"]
) -> Crop:
    across = left - right
    turn = -float(np.degrees(np.arctan2(across[1], across[0])))
    return Crop(float(center[0]), float(center[1]), side, turn)
