"""The crop of the published EmoNet evaluation in float64, written from its description, without OpenCV.

The box is tight around the landmarks, scale = (width + height) / 220, the square's side is 200 * scale, its center is
that of the box and falls on pixel (size / 2, size / 2) of the crop. Pixels are interpolated linearly between neighbors;
outside the image all is black.
"""

import numpy as np


def emonet_crop(image: np.ndarray, landmarks: np.ndarray, size_px: int = 256) -> np.ndarray:
    """Returns the crop [size_px, size_px, 3], not rounded."""
    left, top = landmarks.min(0).astype(float)
    right, bottom = landmarks.max(0).astype(float)
    side = 200 * ((right - left) + (bottom - top)) / 220
    steps = (np.arange(size_px) - size_px / 2) * side / size_px
    columns = _shares((left + right) / 2 + steps, image.shape[1])
    rows = _shares((top + bottom) / 2 + steps, image.shape[0])
    return np.einsum("yi,ijc,xj->yxc", rows, image.astype(float), columns, optimize=True)


def _shares(places: np.ndarray, pixels: int) -> np.ndarray:
    """How much each pixel of a line counts at each place."""
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(pixels)))
