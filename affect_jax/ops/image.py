"""Pixels: warps of whole pictures."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8


def warp_image(
    image: UInt8[np.ndarray, "height width 3"], matrix: Float[np.ndarray, "2 3"], size_px: int
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """The square that `matrix` (source pixels to crop pixels) cuts out; what lies outside the picture is black.

    Where the crop shrinks the picture, it is first averaged down, because a bilinear warp would alias.
    """
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 0.75:
        height, width = image.shape[:2]
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        shrink_x, shrink_y = small[0] / width, small[1] / height
        grow = np.array([[1 / shrink_x, 0, 0.5 / shrink_x - 0.5], [0, 1 / shrink_y, 0.5 / shrink_y - 0.5]])
        matrix = np.concatenate([matrix[:, :2] @ grow[:, :2], matrix[:, :2] @ grow[:, 2:] + matrix[:, 2:]], axis=1)
    return cv2.warpAffine(image, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
