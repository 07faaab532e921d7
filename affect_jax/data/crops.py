"""Builds the rows of a batch: images are read, cropped, and stacked over the frames of a window."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int, UInt8

from affect_jax.data.augment import AugmentConfig, Jitter, draw_jitter
from affect_jax.data.face_crops import crop_image, crop_labels, crop_region
from affect_jax.data.order import Draw
from affect_jax.data.source import as_table, label_row
from affect_jax.data.unreadable import Unreadable
from affect_jax.ops.geometry import DEFAULT_CROP, CropConfig, crop_matrix
from affect_jax.types import LANDMARKS, ArrayLike, Batch, Inputs, Label, Labels, Source, UnreadableImage

PADDING = -1  # index of a padding row
Read = Callable[[int], UInt8[np.ndarray, "height width 3"]]  # raises `UnreadableImage`, as `Source.image` does


class _Way(NamedTuple):
    """How the frames of a row are read and cropped."""

    jitter: Jitter
    read: Read
    points: Float[np.ndarray, "point 2"] | None  # that all their crops surround, instead of the landmarks of each


def collate(rows: Sequence[Batch]) -> Batch:
    """Stacks rows along a new leading axis."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *rows)


class CropMaker:
    """Builds batch rows from a source; thread-safe, and picklable if the source is.

    Images that fail to load are appended to the list that its methods take. `takes` lists the inputs of the network
    (fields of `Inputs`); nothing else is read. Landmark inputs are taken from the labels: a face without them has
    weight 0. In training on windows, only the `newest` frame has weight if the network predicts that one alone.
    """

    def __init__(
        self,
        source: Source,
        crop_px: int,
        config: AugmentConfig,
        takes: Sequence[str] = ("images",),
        crop: CropConfig = DEFAULT_CROP,
        newest: bool = False,
    ):
        self.source, self.crop_px, self.config, self.takes = source, crop_px, config, tuple(takes)
        self.crop, self.newest = crop, newest
        self.table = as_table(source.examples)
        if "features" in takes and self.table.features is None:
            raise ValueError("the network takes features, but the data set has none")
        self.subjects = _subject_indices(self.table.subjects)

    def training(self, draw: Draw, unreadable: list[Unreadable]) -> Batch:
        """Returns an augmented row; weights are 1 except for unreadable images and all but the `newest` frame."""
        jitter = draw_jitter(draw.rng(), self.config)
        weights = np.ones(draw.indices.shape, np.float32)
        if self.newest:
            weights[:-1] = 0
        return self._row(draw.indices, weights, jitter, unreadable)

    def evaluation(
        self,
        indices: Int[ArrayLike, "*frame"],
        weights: Float[ArrayLike, "*frame"],
        unreadable: list[Unreadable],
        read: Read | None = None,
    ) -> Batch:
        """Returns a row without augmentation, with the given weights on all labels.

        `read` replaces the source's own way to an image.
        """
        return self._row(indices, weights, Jitter(), unreadable, read)

    def padding(self) -> Batch:
        """Returns a row of weight 0 that stands for no example."""
        return self._blank(PADDING)

    def _row(self, indices, weights, jitter: Jitter, unreadable: list[Unreadable], read: Read | None = None) -> Batch:
        way = _Way(jitter, read or self.source.image, self._points(indices))
        if indices.ndim == 0:
            return self._face(int(indices), weights, way, unreadable)
        return collate([self._face(int(i), w, way, unreadable) for i, w in zip(indices, weights, strict=True)])

    def _points(self, indices: Int[ArrayLike, "*frame"]) -> Float[np.ndarray, "point 2"] | None:
        """The landmarks of all frames of a window that is cropped around them; None if each frame has its own crop."""
        labels = self.table.labels.get("landmarks")
        if not self.crop.one_box or indices.ndim == 0 or labels is None:
            return None
        known = indices[(indices != PADDING) & (labels.weight[indices] > 0)]
        return labels.value[known].reshape(-1, 2) if len(known) else None

    def _face(self, index: int, weight, way: _Way, unreadable: list[Unreadable]) -> Batch:
        if index == PADDING:
            return self._blank(index)
        labels = label_row(self.table.labels, index)
        try:
            inputs, labels = self._inputs(index, labels, way)
        except UnreadableImage as error:
            unreadable.append(Unreadable(index, str(error)))
            return self._blank(index)
        weight = np.float32(weight)
        if "landmarks" in self.takes and not _has_landmarks(labels):
            weight = np.float32(0)
        labels = labels if weight == 1 else _weighted(labels, weight)
        return Batch(inputs, labels, weight, np.int64(index), self.subjects[index])

    def _inputs(self, index: int, labels: Labels, way: _Way) -> tuple[Inputs, Labels]:
        """Returns the inputs of the network for an example, and its labels mapped to the crop."""
        image = way.read(index) if "images" in self.takes else None
        if image is None and not _has_landmarks(labels):
            return dataclasses.replace(self._no_inputs(), features=self._features(index)), labels
        shape = None if image is None else image.shape[:2]
        region = crop_region(labels, shape, self.crop, way.jitter, way.points)
        matrix = crop_matrix(region, self.crop_px)
        labels = crop_labels(labels, matrix)
        inputs = Inputs(
            images=None if image is None else crop_image(image, matrix, self.crop_px, way.jitter, region.warp),
            landmarks=self._landmarks(labels),
            features=self._features(index),
        )
        return inputs, labels

    def _landmarks(self, labels: Labels) -> np.ndarray | None:
        if "landmarks" not in self.takes:
            return None
        return labels["landmarks"].value if _has_landmarks(labels) else np.zeros((LANDMARKS, 2), np.float32)

    def _features(self, index: int) -> np.ndarray | None:
        return self.table.features[index] if "features" in self.takes else None

    def _no_inputs(self) -> Inputs:
        black = np.zeros((self.crop_px, self.crop_px, 3), np.uint8)
        return Inputs(
            images=black if "images" in self.takes else None,
            landmarks=np.zeros((LANDMARKS, 2), np.float32) if "landmarks" in self.takes else None,
            features=np.zeros_like(self.table.features[0]) if "features" in self.takes else None,
        )

    def _blank(self, index: int) -> Batch:
        """Returns a padding row: black, with weight 0."""
        labels = jax.tree.map(np.zeros_like, label_row(self.table.labels, 0))
        return Batch(self._no_inputs(), labels, np.float32(0), np.int64(index), np.int64(PADDING))


def _weighted(labels: Labels, weight: np.float32) -> Labels:
    return Labels(**{name: Label(label.value, label.weight * weight) for name, label in labels.items()})


def _has_landmarks(labels: Labels) -> bool:
    return "landmarks" in labels and bool(labels["landmarks"].weight > 0)


def subject_names(subjects: np.ndarray) -> tuple[str, ...]:
    """The known subjects in alphabetical order, which is that of their indices in batches."""
    return tuple(str(name) for name in np.unique(subjects) if name != "")


def _subject_indices(subjects: np.ndarray) -> Int[np.ndarray, "example"]:
    """Returns an index for each subject, in alphabetical order; -1 for unknown subjects."""
    names, indices = np.unique(subjects, return_inverse=True)
    return indices - 1 if len(names) and names[0] == "" else indices
