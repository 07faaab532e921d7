"""Whether the image around a face is still the same scene, or there was a cut."""

import cv2
import numpy as np
from jaxtyping import Float

from affect_jax.faces.face import Box, Image

SIZE_PX = 16  # of the image around a face that is compared
REGION = 1.5  # its sides over those of the box
QUICK_SECONDS = 0.1  # frames at most this far apart are compared strictly
# Between frames 42 ms apart of a lively face, correlations are 0.94 and more, half a second apart 0.67; between
# photographs of different people, all centered, half are below 0.74 (docs/decisions/prediction.md).
SAME_IMAGE_QUICK, SAME_IMAGE = 0.85, 0.5
# Common part of color histograms: between frames 42 ms apart 0.94 and more, also where two faces cross in 1.5 s, half a
# second apart 0.76; between photographs of different people 0.69 in the median and 0.90 at 99% (face_detection.md).
COLORS_PX, COLORS_LEVELS = 64, 8  # of the image that is counted, per channel
SAME_COLORS_QUICK, SAME_COLORS = 0.92, 0.7
SAME_PLACE_QUICK, SAME_PLACE = 0.3, 0.1  # intersection over union of boxes


def same_image_limit(seconds: float) -> float:
    """Correlation below which images that many seconds apart are different scenes."""
    return SAME_IMAGE_QUICK if seconds <= QUICK_SECONDS else SAME_IMAGE


def same_colors_limit(seconds: float) -> float:
    """Common part of the colors below which images that many seconds apart are different scenes."""
    return SAME_COLORS_QUICK if seconds <= QUICK_SECONDS else SAME_COLORS


def same_place_limit(seconds: float) -> float:
    """Overlap below which boxes that many seconds apart are different faces."""
    return SAME_PLACE_QUICK if seconds <= QUICK_SECONDS else SAME_PLACE


def view_around(image: Image, place: Box) -> Float[np.ndarray, "..."]:
    """A small image of a place and what is around it, without its mean; `place` is a box in fractions of the image."""
    low, high = np.array(place[:2]), np.array(place[:2]) + place[2:]
    margin = (high - low) * (REGION - 1) / 2
    size = image.shape[1::-1]
    left, top = np.clip(np.floor((low - margin) * size), 0, np.subtract(size, 1)).astype(int)
    right, bottom = np.clip(np.ceil((high + margin) * size), (left + 1, top + 1), size).astype(int)
    small = cv2.resize(image[top:bottom, left:right], (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
    return small - small.mean(dtype=np.float64)


def correlation(first: Float[np.ndarray, "..."], second: Float[np.ndarray, "..."]) -> float:
    """Correlation of two images without their means; 1 if one of them is flat."""
    norm = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / norm) if norm > 0 else 1.0


def colors(image: Image) -> Float[np.ndarray, "levels levels levels"]:
    """The share of the image that each color has: what moves in it changes little."""
    small = cv2.resize(image, (COLORS_PX, COLORS_PX), interpolation=cv2.INTER_AREA)
    counts = cv2.calcHist([small], [0, 1, 2], None, [COLORS_LEVELS] * 3, [0, 256] * 3)
    return counts / COLORS_PX**2


def common_part(first: Float[np.ndarray, "*bins"], second: Float[np.ndarray, "*bins"]) -> float:
    """The part of two histograms that is common to both, in [0, 1]."""
    return float(np.minimum(first, second).sum())
