"""Similarity transforms, landmarks under them, and the face crop that every network takes as input.

A transform is a 2x3 matrix M that maps source pixels to crop pixels: p' = M @ (x, y, 1). Pixel centers lie at
integer coordinates, as in OpenCV.
"""

import dataclasses

import numpy as np
from jaxtyping import Float, Num

from affect_jax.types import ArrayLike

EMONET_SIDE = 200 / 110  # side of the square crop over the mean of the landmark box's width and height
ANTIALIASED, EMONET = "antialiased", "emonet"  # how the region becomes the crop; see `CropConfig`
WARPS = (ANTIALIASED, EMONET)


@dataclasses.dataclass(frozen=True)
class CropConfig:
    """The crop around landmarks that a network sees in training, evaluation and prediction.

    Images without landmarks are their own crop and always resampled as "antialiased".
    """

    side_ratio: float = EMONET_SIDE  # crop side over the mean of width and height of the landmark box
    # antialiased (shrinking averages; the center of the box lies in the middle of the crop) | emonet (as published:
    # bilinear without averaging, the center half a pixel right of and below the middle; for converted networks)
    warp: str = ANTIALIASED
    # Of clips: whether all frames of a window are cropped alike, around the landmarks of all of them. A face that moves
    # then moves in the crop as well; otherwise, each frame is cropped around its own landmarks.
    one_box: bool = False

    def __post_init__(self):
        if not self.side_ratio > 0:
            raise ValueError(f"crop.side_ratio is {self.side_ratio}; expected a positive ratio such as 1.818")
        if self.warp not in WARPS:
            raise ValueError(f"crop.warp is '{self.warp}'; choose one of {', '.join(WARPS)}")


DEFAULT_CROP = CropConfig()


@dataclasses.dataclass(frozen=True)
class Crop:
    """A square, possibly rotated and mirrored region of an image, and how it is resampled."""

    center_x_px: float
    center_y_px: float
    side_px: float
    rotation_degrees: float = 0.0  # counter-clockwise as seen on the screen
    flip: bool = False
    warp: str = ANTIALIASED


def landmark_crop(landmarks: Num[np.ndarray, "landmark 2"], config: CropConfig = DEFAULT_CROP) -> Crop:
    """Returns a square centered on the landmarks' bounding box, `side_ratio` times the mean of its width and height.

    The landmarks may be those of several frames, one after another.

    Source: the crop of the published EmoNet evaluation (center of the box, scale (w + h) / 220, side 200 * scale).
    """
    low, high = landmarks.min(0), landmarks.max(0)
    width, height = high - low
    center_x, center_y = (low + high) / 2
    side = float((width + height) / 2 * config.side_ratio)
    return Crop(float(center_x), float(center_y), side, warp=config.warp)


def image_crop(image_shape: tuple[int, ...]) -> Crop:
    """Returns the square around a whole image of (height, width), which keeps its proportions."""
    height, width = image_shape[:2]
    return Crop((width - 1) / 2, (height - 1) / 2, float(max(height, width)))


def crop_name(crop_px: int, config: CropConfig | None) -> str:
    """Returns the name of a crop in files: `landmark_crop` with its options, or the whole frame for None."""
    if config is None:
        return f"whole_frame crop_px={crop_px}"
    box = " one_box" if config.one_box else ""
    return f"landmark_square{box} warp={config.warp} side_ratio={config.side_ratio:.4f} crop_px={crop_px}"


def crop_matrix(crop: Crop, size_px: int) -> Float[np.ndarray, "2 3"]:
    """Returns the similarity transform that maps the crop onto a square of `size_px`, mirrored if `crop.flip`.

    The crop's center falls on ((size_px - 1) / 2, (size_px - 1) / 2), the middle of the square, and with the warp
    "emonet" on (size_px / 2, size_px / 2), as in the published evaluation.
    """
    scale = size_px / crop.side_px
    angle = np.deg2rad(crop.rotation_degrees)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cosine, -sine], [sine, cosine]])
    middle = size_px / 2 if crop.warp == EMONET else (size_px - 1) / 2
    matrix = np.empty((2, 3))
    matrix[:, :2] = linear
    matrix[:, 2] = middle - linear @ (crop.center_x_px, crop.center_y_px)
    if crop.flip:
        matrix[0] *= -1
        matrix[0, 2] += size_px - 1
    return matrix


def warp_points(matrix: Float[np.ndarray, "2 3"], points: Num[np.ndarray, "*point 2"]) -> Float[np.ndarray, "*point 2"]:
    """Applies a 2x3 transform to points in pixels."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def invert(matrix: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "2 3"]:
    """Returns the inverse of a 2x3 transform."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -linear @ matrix[:, 2:]], axis=1)


# Index of each iBUG landmark's counterpart under a horizontal flip.
MIRRORED_LANDMARKS = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)


def transform_landmarks(
    landmarks: Num[np.ndarray, "68 2"], matrix: Float[np.ndarray, "2 3"]
) -> Float[np.ndarray, "68 2"]:
    """Applies a transform to landmarks; a mirroring transform also swaps left and right landmarks."""
    moved = warp_points(matrix, landmarks)
    return moved[MIRRORED_LANDMARKS] if np.linalg.det(matrix[:, :2]) < 0 else moved


def inside(points: ArrayLike, size_px: int) -> ArrayLike:
    """Returns 1 for points [*batch, point, 2] inside a square image and 0 for points outside; NumPy or JAX."""
    # Pixel centers are at integers, so the image ends half a pixel beyond its outermost centers.
    on_image = (points >= -0.5) & (points < size_px - 0.5)
    return on_image.all(-1).astype(points.dtype)
