"""Faces as a store keeps them: the crop that a network sees, at a chosen size and with a margin for augmentation."""

import dataclasses
import math
from typing import NamedTuple

import cv2
import jax
import numpy as np
from jaxtyping import Float, Int, UInt8

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.face_crops import crop_labels
from affect_jax.data.source import Table, as_table, label_row
from affect_jax.files.image_files import ENCODINGS
from affect_jax.ops.geometry import CropConfig, landmark_crop
from affect_jax.ops.image import warp_image
from affect_jax.types import Labels, Source


@dataclasses.dataclass(frozen=True)
class StoredConfig:
    """How a store keeps images."""

    crop_px: int = 0  # side that the crop has in the stored image; larger faces are shrunk to it; 0 = whole images
    margin: float = 1.65  # side of what is stored over that of the crop; augmentation must not reach beyond
    encoding: str = "png"  # png (lossless) | jpeg (quality 95)

    def __post_init__(self):
        if self.crop_px < 0:
            raise ValueError(f"data.stored.crop_px is {self.crop_px}; expected a side in px, or 0 for whole images")
        if not 1 <= self.margin <= 4:
            raise ValueError(f"data.stored.margin is {self.margin}; expected 1 (the crop alone) to 4")
        if self.encoding not in ENCODINGS:
            raise ValueError(f"data.stored.encoding is '{self.encoding}'; choose one of {', '.join(sorted(ENCODINGS))}")

    @property
    def side_px(self) -> int:
        """Side of a stored image; as even or odd as `crop_px`, so that an unchanged crop falls on whole pixels."""
        return self.crop_px + 2 * math.ceil(self.crop_px * (self.margin - 1) / 2)


BLEND_PX = 0.5  # how far the border of an image fades to black
AS_THEY_ARE = StoredConfig()


def reach(augment: AugmentConfig) -> float:
    """Side of the square that contains every augmented crop, over the side of the crop."""
    angle = np.deg2rad(min(augment.rotation_degrees, 45))
    return float((1 + augment.scale) * (np.cos(angle) + np.sin(angle)) + 2 * augment.shift)


class Cut(NamedTuple):
    """Where a stored image lies in the image that it is cut from."""

    scale: float  # stored pixels per pixel; 1 = unchanged
    offset_px: Float[np.ndarray, "2"]  # a pixel lies at scale * (x, y) + offset in the stored image
    size_px: Int[np.ndarray, "2"]  # width and height, if the image does not end before

    @property
    def matrix(self) -> Float[np.ndarray, "2 3"]:
        """The transform from pixels to stored pixels."""
        return np.column_stack([np.eye(2) * self.scale, self.offset_px])


class CutFaces:
    """The faces of a source as a store keeps them, with labels in their pixels.

    Faces with landmarks are cut out, and shrunk if their crop is larger than `crop_px`; none is enlarged. What lies
    beyond the border of an image is not stored, so that it stays black under any augmentation. Images without landmarks
    are shrunk as a whole.
    """

    def __init__(self, source: Source, config: StoredConfig, crop: CropConfig):
        self.source, self.config, self.crop, self.label_set = source, config, crop, source.label_set
        table = as_table(source.examples)
        self.landmarks = table.labels.get("landmarks")
        self.examples = table.relabel(self._labels(table))

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels; raises the errors of the source."""
        image = self.source.image(index)
        if (cut := self._cut(index)) is None:
            return _shrink(image, self.config.crop_px)
        height, width = image.shape[:2]
        if cut.scale == 1:
            left, top = np.minimum(-cut.offset_px.astype(int), (width - 1, height - 1))
            across, down = cut.size_px
            return np.ascontiguousarray(image[top : top + down, left : left + across])
        border = cut.scale * (np.array([width, height]) - 0.5) + cut.offset_px
        across, down = np.clip(np.floor(border + BLEND_PX).astype(int) + 1, 1, cut.size_px)
        return np.ascontiguousarray(warp_image(image, cut.matrix, int(max(across, down)))[:down, :across])

    def _cut(self, index: int) -> Cut | None:
        """Where a face is cut out; None if it has no landmarks."""
        if self.landmarks is None or self.landmarks.weight[index] == 0:
            return None
        region = landmark_crop(self.landmarks.value[index], self.crop)
        center, px = np.array([region.center_x_px, region.center_y_px]), self.config.crop_px
        if region.side_px <= px:
            half = region.side_px * self.config.margin / 2
            low = np.maximum(np.floor(center - half), 0)
            return Cut(1.0, -low, np.maximum(np.ceil(center + half) + 1 - low, 1).astype(int))
        side, scale = self.config.side_px, px / region.side_px
        offset = (side - 1) / 2 - scale * center
        outside = np.maximum(np.ceil(offset - scale / 2 - BLEND_PX), 0)  # left of the image, and above it
        return Cut(scale, offset - outside, np.maximum(side - outside, 1).astype(int))

    def _labels(self, table: Table) -> Labels:
        """The labels of all faces, moved to the pixels of what is stored."""
        moved = jax.tree.map(np.copy, table.labels)
        for index in range(len(table)):
            if (cut := self._cut(index)) is not None:
                for name, label in crop_labels(label_row(table.labels, index), cut.matrix).items():
                    moved[name].value[index] = label.value
        return moved


def _shrink(image: UInt8[np.ndarray, "height width 3"], px: int) -> UInt8[np.ndarray, "new_height new_width 3"]:
    """Shrinks an image whose longer side is above `px` to that."""
    height, width = image.shape[:2]
    scale = px / max(height, width)
    if scale >= 1:
        return image
    return cv2.resize(
        image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
