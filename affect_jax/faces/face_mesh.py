"""The 478-point face mesh, fitted in an upright, square region.

Source: Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020.
"""

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.detector import LEFT_EYE, RIGHT_EYE, Detection
from affect_jax.faces.interpreter import Network
from affect_jax.ops.geometry import Crop, crop_matrix, invert, warp_points
from affect_jax.ops.image import warp_image

POINTS = 478
MARGIN = 1.5  # region side over the longer side of the box: a quarter on each side, as in the training of the mesh
RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263  # outer corners of the subject's right and left eye


class Mesh:
    """Fits the mesh in a region that contains one face."""

    def __init__(self, weights: bytes, threads: int = 1):
        self._network = Network(weights, threads)

    def __call__(
        self, image: UInt8[np.ndarray, "height width 3"], region: Crop
    ) -> tuple[Float[np.ndarray, "478 3"], float]:
        """Returns points (x, y, depth) in pixels of the image, and the probability in [0, 1] that they lie on a face.

        Depth increases away from the camera, is zero near the center of the head and has the scale of x.
        """
        size_px = self._network.size_px
        matrix = crop_matrix(region, size_px)
        crop = warp_image(image, matrix, size_px)
        points, presence, _ = self._network(crop.astype(np.float32) / 255)
        points = points.reshape(POINTS, 3).astype(np.float64)
        mesh = np.empty((POINTS, 3), np.float32)
        # The network places pixel centers at half-integers.
        mesh[:, :2] = warp_points(invert(matrix), points[:, :2] - 0.5)
        mesh[:, 2] = points[:, 2] * (region.side_px / size_px)
        return mesh, float(1 / (1 + np.exp(-presence.astype(np.float64).item())))


def region_of_detection(detection: Detection) -> Crop:
    """Returns a square around a detected box, rotated so that the eyes are level."""
    center = detection.corners.mean(0)
    side = detection.side_px * MARGIN
    return _upright(center, side, detection.keypoints[RIGHT_EYE], detection.keypoints[LEFT_EYE])


def region_of_mesh(mesh: Float[np.ndarray, "478 3"]) -> Crop:
    """Returns a square around the mesh of the previous frame, rotated so that the eyes are level."""
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    side = float((high - low).max()) * MARGIN
    return _upright((low + high) / 2, side, mesh[RIGHT_EYE_CORNER, :2], mesh[LEFT_EYE_CORNER, :2])


def _upright(
    center: Float[np.ndarray, "2"], side: float, right: Float[np.ndarray, "2"], left: Float[np.ndarray, "2"]
) -> Crop:
    eye_line = left - right
    rotation_degrees = -float(np.degrees(np.arctan2(eye_line[1], eye_line[0])))
    return Crop(float(center[0]), float(center[1]), side, rotation_degrees)
