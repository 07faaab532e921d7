"""Face crops, and data augmentation for training.

Geometry follows the unofficial EmoNet training code: rotation +-13.5 degrees, scale +-25 %, shift +-10 px for crops of
200 px, flip probability 0.5. The color jitter is our own. Erasing: Zhong et al., Random erasing, AAAI 2020.
"""

import dataclasses

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.ops.geometry import (
    ANTIALIASED,
    DEFAULT_CROP,
    Crop,
    CropConfig,
    crop_matrix,
    image_crop,
    landmark_crop,
    warp_points,
)
from affect_jax.ops.image import warp_image
from affect_jax.quantities.registry import quantity
from affect_jax.types import Label, Labels

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
SAME, GRAY = np.eye(3), np.tile(LUMA, (3, 1))
MIDDLE_GRAY = 0.5
OF_PIXELS = ("brightness", "contrast", "saturation", "tint", "gray_probability", "erase_probability")
OF_POSITIONS = ("rotation_degrees", "scale", "shift", "flip_probability")
ERASED_AREA, ERASED_ASPECT = (0.02, 0.33), (0.3, 1 / 0.3)  # share of the crop; height/width, log-uniform


@dataclasses.dataclass(frozen=True)
class AugmentConfig:
    """Training augmentation: half-widths of uniform distributions; 0 disables one."""

    rotation_degrees: float = 13.5  # in both directions
    scale: float = 0.25  # of the crop side
    shift: float = 0.05  # of the crop side, in each direction
    flip_probability: float = 0.5  # of mirroring the face
    brightness: float = 0.12  # offset; 1 is the range from black to white
    contrast: float = 0.25  # factor 1 +- this about middle gray
    saturation: float = 0.3  # factor 1 +- this
    tint: float = 0.06  # factor 1 +- this on each of red, green, blue
    gray_probability: float = 0.0  # of removing the color
    erase_probability: float = 0.0  # of filling a rectangle (2 to 33 % of the crop) with noise
    mixup_alpha: float = 0.0  # both parameters of the Beta distribution of the mixing ratio; 0 disables mixup

    def __post_init__(self):
        for name in ("flip_probability", "gray_probability", "erase_probability"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"augment.{name} is {getattr(self, name)}; expected a probability in [0, 1]")
        for name in ("rotation_degrees", "shift", "brightness", "contrast", "saturation", "tint"):
            if getattr(self, name) < 0:
                raise ValueError(f"augment.{name} is {getattr(self, name)}; expected 0 (off) or a positive number")
        if not 0 <= self.scale < 1:
            raise ValueError(f"augment.scale is {self.scale}; expected 0 (off) or a share below 1 of the crop side")
        if self.mixup_alpha < 0:
            raise ValueError(f"augment.mixup_alpha is {self.mixup_alpha}; expected 0 (off) or a positive number")

    def idle(self, takes: str) -> dict[str, str]:
        """The options that are on without effect on the inputs of a network, with the reason."""
        names = {"images": (), "landmarks": OF_PIXELS}.get(takes, OF_PIXELS + OF_POSITIONS)
        return {name: f"the network takes {takes}" for name in names if getattr(self, name)}


@dataclasses.dataclass(frozen=True)
class Jitter:
    """Parameters of one augmentation, shared by all frames of a clip; the defaults are the identity."""

    rotation_degrees: float = 0.0
    scale: float = 1.0
    shift_x: float = 0.0  # of the crop side
    shift_y: float = 0.0
    flip: bool = False
    color: Float[np.ndarray, "3 4"] | None = None  # affine map of RGB in [0, 1]
    erased: tuple[float, float, float, float] | None = None  # top, left, height, width; shares of the crop side
    noise_seed: int = 0  # of the noise in the erased rectangle


def draw_jitter(rng: np.random.Generator, config: AugmentConfig) -> Jitter:
    """Draws the parameters of one augmentation; the number of draws from `rng` does not depend on `config`."""
    rotation, scale, shift_x, shift_y, brightness, contrast, saturation, *tint = rng.uniform(-1, 1, 10)
    flip, gray = rng.uniform(size=2) < (config.flip_probability, config.gray_probability)
    erased, box, noise_seed = rng.uniform(), rng.uniform(size=4), int(rng.integers(2**32))
    return Jitter(
        rotation_degrees=rotation * config.rotation_degrees,
        scale=1 + scale * config.scale,
        shift_x=shift_x * config.shift,
        shift_y=shift_y * config.shift,
        flip=bool(flip),
        color=color_map(
            brightness * config.brightness,
            1 + contrast * config.contrast,
            0.0 if gray else 1 + saturation * config.saturation,
            1 + np.array(tint) * config.tint,
        ),
        erased=erased_box(box) if erased < config.erase_probability else None,
        noise_seed=noise_seed,
    )


def erased_box(draws: Float[np.ndarray, "4"]) -> tuple[float, float, float, float]:
    """Computes top, left, height and width of a rectangle in the unit square from four numbers in [0, 1).

    Sides longer than the square are clipped to it.
    """
    area = ERASED_AREA[0] + draws[0] * (ERASED_AREA[1] - ERASED_AREA[0])
    aspect = ERASED_ASPECT[0] * (ERASED_ASPECT[1] / ERASED_ASPECT[0]) ** draws[1]
    height, width = min(1.0, float(np.sqrt(area * aspect))), min(1.0, float(np.sqrt(area / aspect)))
    return float(draws[2]) * (1 - height), float(draws[3]) * (1 - width), height, width


def color_map(
    brightness: float, contrast: float, saturation: float, tint: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "3 4"]:
    """Combines tint, saturation (about luma), contrast (about middle gray) and brightness into one affine map."""
    affine = np.empty((3, 4))
    affine[:, :3] = contrast * (saturation * SAME + (1 - saturation) * GRAY) * tint[None, :]
    affine[:, 3] = brightness + MIDDLE_GRAY * (1 - contrast)
    return affine


def prepare(
    image: UInt8[np.ndarray, "height width 3"],
    labels: Labels,
    crop_px: int,
    rng: np.random.Generator | None,
    config: AugmentConfig,
    crop_jitter: Jitter | None = None,
    crop: CropConfig = DEFAULT_CROP,
) -> tuple[Float[np.ndarray, "crop_px crop_px 3"], Labels]:
    """Returns the crop as float32 RGB in [0, 1], and the labels mapped to the crop.

    `crop_jitter` replaces drawing from `rng`; with neither, the result is the evaluation crop.
    """
    jitter = crop_jitter or (draw_jitter(rng, config) if rng is not None else Jitter())
    region = crop_region(labels, image.shape[:2], crop, jitter)
    matrix = crop_matrix(region, crop_px)
    return crop_image(image, matrix, crop_px, jitter, region.warp), crop_labels(labels, matrix)


def crop_region(labels: Labels, image_shape: tuple[int, ...] | None, config: CropConfig, jitter: Jitter) -> Crop:
    """Returns the region to crop: it surrounds the landmarks if labeled, else the whole image.

    ValueError if there are neither landmarks nor an `image_shape` (height, width).
    """
    landmarks = labels.get("landmarks")
    if landmarks is not None and landmarks.weight > 0:
        crop = landmark_crop(landmarks.value, config)
    elif image_shape is None:
        raise ValueError("a face without landmarks cannot be cropped before its image is read")
    else:
        crop = image_crop(image_shape)
    return _jittered(crop, jitter)


def crop_labels(labels: Labels, matrix: Float[np.ndarray, "2 3"]) -> Labels:
    """Maps the labels of an image to those of its crop."""
    moved = {}
    for name, label in labels.items():
        moved[name] = Label(quantity(name).crop(label.value, matrix), label.weight) if label.weight > 0 else label
    return Labels(**moved)


def crop_image(
    image: UInt8[np.ndarray, "height width 3"],
    matrix: Float[np.ndarray, "2 3"],
    crop_px: int,
    jitter: Jitter,
    warp: str = ANTIALIASED,
) -> Float[np.ndarray, "crop_px crop_px 3"]:
    """Returns the crop as float32 RGB in [0, 1], with color jitter and erasing applied."""
    pixels = warp_image(image, matrix, crop_px, warp)
    if jitter.color is not None:
        pixels = _recolor(pixels, jitter.color, matrix, image.shape[:2])
    if jitter.erased is not None:
        pixels = _erase(pixels, jitter.erased, jitter.noise_seed)
    return np.multiply(pixels, np.float32(1 / 255), dtype=np.float32)


def _recolor(
    pixels: np.ndarray, color: np.ndarray, matrix: np.ndarray, image_shape: tuple[int, int]
) -> UInt8[np.ndarray, "crop_px crop_px 3"]:
    """Applies the color map; pixels outside the image stay black, as in evaluation."""
    pixels = cv2.transform(pixels, color * (1, 1, 1, 255))  # rounds and clips to 0..255
    bottom, right = image_shape[0] - 1, image_shape[1] - 1
    corners = warp_points(matrix, np.array([(0, 0), (right, 0), (right, bottom), (0, bottom)]))
    inside = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.round(corners).astype(np.int32), 1)
    return pixels if inside.all() else cv2.bitwise_and(pixels, pixels, mask=inside)


def _erase(pixels: np.ndarray, box: tuple[float, float, float, float], seed: int) -> np.ndarray:
    """Fills a rectangle with noise, identical in every frame of a clip."""
    top, left, height, width = (round(side * len(pixels)) for side in box)
    pixels = pixels.copy()
    hole = pixels[top : top + height, left : left + width]
    hole[:] = np.random.default_rng(seed).integers(0, 256, hole.shape, dtype=np.uint8)
    return pixels


def _jittered(crop: Crop, jitter: Jitter) -> Crop:
    return dataclasses.replace(
        crop,
        center_x_px=crop.center_x_px + jitter.shift_x * crop.side_px,
        center_y_px=crop.center_y_px + jitter.shift_y * crop.side_px,
        side_px=crop.side_px * jitter.scale,
        rotation_degrees=jitter.rotation_degrees,
        flip=jitter.flip,
    )
