"""The crop of a face and its labels, under an augmentation."""

import dataclasses

import cv2
import numpy as np
from jaxtyping import Float, Num, UInt8

from affect_jax.data.augment import AugmentConfig, Jitter, draw_jitter
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
from affect_jax.ops.image import unit_range, warp_image
from affect_jax.quantities.registry import quantity
from affect_jax.types import Label, Labels


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
    pixels = crop_image(image, matrix, crop_px, jitter, region.warp)
    return unit_range(pixels), crop_labels(labels, matrix)


def crop_region(
    labels: Labels,
    image_shape: tuple[int, ...] | None,
    config: CropConfig,
    jitter: Jitter,
    points: Num[np.ndarray, "point 2"] | None = None,
) -> Crop:
    """Returns the region to crop: it surrounds `points`, else the landmarks if labeled, else the whole image.

    ValueError if there are neither landmarks nor an `image_shape` (height, width).
    """
    landmarks = labels.get("landmarks")
    if points is not None:
        crop = landmark_crop(points, config)
    elif landmarks is not None and landmarks.weight > 0:
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
) -> UInt8[np.ndarray, "crop_px crop_px 3"]:
    """Returns the crop as RGB in 0 to 255, with color jitter and erasing applied."""
    pixels = warp_image(image, matrix, crop_px, warp)
    if jitter.color is not None:
        pixels = _recolor(pixels, jitter.color, matrix, image.shape[:2])
    if jitter.erased is not None:
        pixels = _erase(pixels, jitter.erased, jitter.noise_seed)
    return pixels


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
