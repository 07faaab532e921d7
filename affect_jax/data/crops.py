"""One row of a batch: pictures read, cropped, and stacked over the frames of a window."""

import dataclasses
import threading
from collections.abc import Sequence

import jax
import numpy as np
from absl import logging
from jaxtyping import Float, Int

from affect_jax import emotions
from affect_jax.data.augment import AugmentConfig, Jitter, draw_jitter, prepare
from affect_jax.data.order import Draw
from affect_jax.data.skipped import SkippedRows
from affect_jax.data.source import as_table, label_row, no_labels
from affect_jax.types import ArrayLike, Batch, Labels, Source, UnreadableImage

PADDING = -1  # index of a row that stands for nothing
BROKEN = "image broke on reading"  # in skipped.csv, where the row is then the position in the source


def collate(rows: Sequence[Batch]) -> Batch:
    """Rows with a leading axis."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *rows)


class CropMaker:
    """Makes rows of batches out of a source; safe to call from several threads."""

    def __init__(
        self, source: Source, crop_px: int, config: AugmentConfig, max_skipped_fraction: float, skipped_csv: str
    ):
        self.source, self.crop_px, self.config = source, crop_px, config
        self.table = as_table(source.examples)
        self.skipped = SkippedRows("pictures that broke on reading", max_skipped_fraction, skipped_csv)
        self.unreadable: set[int] = set()
        self.lock = threading.Lock()

    def training(self, draw: Draw) -> Batch:
        """A jittered row, all weights 1 but of unreadable pictures."""
        jitter = draw_jitter(draw.rng(), self.config)
        return self._row(draw.indices, np.ones(draw.indices.shape, np.float32), jitter)

    def evaluation(self, indices: Int[ArrayLike, "*frame"], weights: Float[ArrayLike, "*frame"]) -> Batch:
        """A row without jitter, with the given weights on all labels."""
        return self._row(indices, weights, Jitter())

    def _row(self, indices, weights, jitter: Jitter) -> Batch:
        if indices.ndim == 0:
            return self._face(int(indices), weights, jitter)
        return collate([self._face(int(i), w, jitter) for i, w in zip(indices, weights, strict=True)])

    def _face(self, index: int, weight, jitter: Jitter) -> Batch:
        if index == PADDING:
            return self._black(index)
        try:
            image = self.source.image(index)
        except UnreadableImage as error:
            self._record(index, error)
            return self._black(index)
        labels = label_row(self.table.labels, index)
        pixels, labels = prepare(image, labels, self.crop_px, None, self.config, jitter)
        return Batch(pixels, labels if weight == 1 else _weighted(labels, weight), np.float32(weight), np.int64(index))

    def _black(self, index: int) -> Batch:
        image = np.zeros((self.crop_px, self.crop_px, 3), np.float32)
        return Batch(
            image,
            label_row(no_labels(1, len(emotions.names(self.source.label_set))), 0),
            np.float32(0),
            np.int64(index),
        )

    def _record(self, index: int, error: UnreadableImage) -> None:
        """Notes a picture once; ValueError when there are too many."""
        with self.lock:
            if index not in self.unreadable:
                logging.warning("%s", error)
                self.unreadable.add(index)
                self.skipped.faults.append((str(self.table.names[index]), index, BROKEN))
                self.skipped.write()
                self.skipped.check(len(self.table))


def _weighted(labels: Labels, weight: np.float32) -> Labels:
    return dataclasses.replace(
        labels,
        valence_arousal_weight=labels.valence_arousal_weight * weight,
        emotion_weight=labels.emotion_weight * weight,
        landmarks_weight=labels.landmarks_weight * weight,
    )
