"""How much of an attention mask lies on the face."""

import cv2
import numpy as np
from jaxtyping import Bool, Float

ENLARGED = 1.1  # scale of the landmark hull about its center: landmarks run along the face, not around it


def face_region(
    landmarks: Float[np.ndarray, "68 2"], image_px: int, map_px: int, enlarged: float = ENLARGED
) -> Bool[np.ndarray, "{map_px} {map_px}"]:
    """Mask of the map pixels whose centers lie in the enlarged convex hull of the landmarks (pixels of the image).

    The hull ends at the brows, so most of the forehead is outside.
    """
    hull = cv2.convexHull(landmarks.astype(np.float32))[:, 0].astype(np.float64)
    middle = (hull.min(0) + hull.max(0)) / 2
    hull = middle + enlarged * (hull - middle)
    centers = (np.arange(map_px) + 0.5) * (image_px / map_px) - 0.5
    points = np.stack(np.meshgrid(centers, centers), -1)[:, :, None]
    edges = np.roll(hull, -1, axis=0) - hull
    from_start = points - hull
    side = edges[:, 0] * from_start[..., 1] - edges[:, 1] * from_start[..., 0]
    return (side >= 0).all(-1) | (side <= 0).all(-1)  # for either orientation of the hull


def share_inside(mask: Float[np.ndarray, "map_px map_px"], region: Bool[np.ndarray, "map_px map_px"]) -> float:
    """Fraction of the positive mass of a mask inside a region; NaN if the mask is positive nowhere."""
    mass = np.maximum(np.asarray(mask, np.float64), 0)
    return float(mass[region].sum() / mass.sum()) if mass.any() else float("nan")
