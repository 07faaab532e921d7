"""Pixels: warps of whole pictures."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.ops.geometry import invert, warp_points


def warp_image(
    image: UInt8[np.ndarray, "height width 3"], matrix: Float[np.ndarray, "2 3"], size_px: int
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """The square that `matrix` (source pixels to crop pixels) cuts out; what lies outside the picture is black.

    Where the crop shrinks the picture, it is first averaged down, because a bilinear warp would alias.
    """
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 0.75:
        image, matrix = _neighborhood(image, matrix, size_px, margin_px=2 / scale)
        height, width = image.shape[:2]
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        shrink_x, shrink_y = small[0] / width, small[1] / height
        grow = np.array([[1 / shrink_x, 0, 0.5 / shrink_x - 0.5], [0, 1 / shrink_y, 0.5 / shrink_y - 0.5]])
        matrix = np.concatenate([matrix[:, :2] @ grow[:, :2], matrix[:, :2] @ grow[:, 2:] + matrix[:, 2:]], axis=1)
    return cv2.warpAffine(image, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def _neighborhood(
    image: UInt8[np.ndarray, "height width 3"], matrix: Float[np.ndarray, "2 3"], size_px: int, margin_px: float
) -> tuple[UInt8[np.ndarray, "new_height new_width 3"], Float[np.ndarray, "2 3"]]:
    """The part of the picture that the warp can see (one pixel at least), and the transform from there."""
    corners = np.array([[-0.5, -0.5], [size_px - 0.5, -0.5], [-0.5, size_px - 0.5], [size_px - 0.5, size_px - 0.5]])
    places = warp_points(invert(matrix), corners)
    size = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(places.min(0) - margin_px), 0, size - 1).astype(int)
    high = np.clip(np.ceil(places.max(0) + margin_px) + 1, low + 1, size).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    return part, np.concatenate([matrix[:, :2], warp_points(matrix, low.astype(float))[:, None]], axis=1)
