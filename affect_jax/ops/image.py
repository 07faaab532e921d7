"""Image warps, and the range of pixel values."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.ops.geometry import ANTIALIASED, EMONET, invert, warp_points
from affect_jax.ops.image_checks import check_photograph
from affect_jax.types import ArrayLike

LEVEL = np.float32(1 / 255)  # of the 256 of a channel


def unit_range(pixels: UInt8[ArrayLike, "*shape"]) -> Float[ArrayLike, "*shape"]:
    """Converts pixels from 0 to 255 to float32 in [0, 1]; NumPy and JAX, on any device, give the same bits."""
    return pixels.astype(np.float32) * LEVEL


def warp_image(
    image: UInt8[np.ndarray, "height width 3"],
    matrix: Float[np.ndarray, "2 3"],
    size_px: int,
    warp: str = ANTIALIASED,
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """Extracts the square crop that `matrix` (source pixels to crop pixels) defines; black outside the image.

    When the crop shrinks the image, the image is downsampled by area averaging first: a bilinear warp alone would
    alias. With `warp` "emonet" it does: each crop pixel is interpolated between four pixels of the image, of which
    those outside are black, and rounded. ValueError if the image is not uint8 [height, width, 3].
    """
    check_photograph(image)
    if warp == EMONET:
        return _bilinear(image, matrix, size_px, hint=cv2.ALGO_HINT_ACCURATE)
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 0.75:
        image, matrix = _neighborhood(image, matrix, size_px, margin_px=2 / scale)
        height, width = image.shape[:2]
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        shrink_x, shrink_y = small[0] / width, small[1] / height
        enlarge = np.array([[1 / shrink_x, 0, 0.5 / shrink_x - 0.5], [0, 1 / shrink_y, 0.5 / shrink_y - 0.5]])
        linear = matrix[:, :2] @ enlarge[:, :2]
        offset = matrix[:, :2] @ enlarge[:, 2:] + matrix[:, 2:]
        matrix = np.concatenate([linear, offset], axis=1)
    return _bilinear(image, matrix, size_px)


def _bilinear(
    image: UInt8[np.ndarray, "height width 3"], matrix: Float[np.ndarray, "2 3"], size_px: int, **options: int
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    size = (size_px, size_px)
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, **options)


def _neighborhood(
    image: UInt8[np.ndarray, "height width 3"], matrix: Float[np.ndarray, "2 3"], size_px: int, margin_px: float
) -> tuple[UInt8[np.ndarray, "new_height new_width 3"], Float[np.ndarray, "2 3"]]:
    """Returns the part of the image that the warp reads (at least one pixel), and the transform from that part."""
    corners = np.array([[-0.5, -0.5], [size_px - 0.5, -0.5], [-0.5, size_px - 0.5], [size_px - 0.5, size_px - 0.5]])
    source_corners = warp_points(invert(matrix), corners)
    size = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(source_corners.min(0) - margin_px), 0, size - 1).astype(int)
    high = np.clip(np.ceil(source_corners.max(0) + margin_px) + 1, low + 1, size).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    return part, np.concatenate([matrix[:, :2], warp_points(matrix, low.astype(float))[:, None]], axis=1)
