"""Batches for evaluation: of a fixed size, in order, each example with weight 1 exactly once."""

import functools
from collections.abc import Iterator

import grain
import numpy as np
from jaxtyping import Float, Int

from affect_jax.data.crops import CropMaker, collate
from affect_jax.data.training_batches import PREFETCHED_BATCHES
from affect_jax.data.training_rows import WHOLE_BATCH, Share
from affect_jax.data.unreadable import Unreadable, UnreadableImages
from affect_jax.types import Batch


class EvaluationBatches:
    """All examples in order, each with weight 1 exactly once; can be iterated repeatedly.

    `batch` counts the rows of all training processes, of which those of `share` are returned.
    """

    def __init__(
        self,
        units: Int[np.ndarray, "unit *frame"],
        weights: Float[np.ndarray, "unit *frame"],
        batch: int,
        maker: CropMaker,
        threads: int,
        unreadable: UnreadableImages,
        share: Share = WHOLE_BATCH,
    ):
        self.rows = share.rows(batch)
        missing = -len(units) % batch
        padding = [(0, missing)] + [(0, 0)] * (units.ndim - 1)
        self.units = np.pad(units, padding, constant_values=-1)
        self.weights = np.pad(weights, padding)
        self.batch, self.maker, self.threads, self.unreadable = batch, maker, threads, unreadable

    def __len__(self) -> int:
        return len(self.units) // self.batch

    def __iter__(self) -> Iterator[Batch]:
        ahead = max(PREFETCHED_BATCHES, self.threads)
        reading = grain.ReadOptions(num_threads=self.threads, prefetch_buffer_size=ahead)
        iterator = iter(grain.MapDataset.range(len(self)).map(self._build).to_iter_dataset(reading))
        try:
            for batch, unreadable in iterator:
                self.unreadable.record(unreadable)
                yield batch
        finally:
            iterator.close()

    def _build(self, number: int) -> tuple[Batch, list[Unreadable]]:
        unreadable: list[Unreadable] = []
        # Windows that follow one another share most of their frames, which are read once.
        read = functools.lru_cache(maxsize=self.units[0].size)(self.maker.source.image)
        rows = []
        for row in self.rows:
            place = number * self.batch + row
            rows.append(self.maker.evaluation(self.units[place], self.weights[place], unreadable, read))
        return collate(rows), unreadable
