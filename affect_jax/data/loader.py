"""Turns a source into batches, using Grain: order, image, crop, batch.

The content of a batch depends only on the seed and its number, not on the number of threads, workers or training
processes, so the state of the iterator is that number and a resumed run sees the same crops.
"""

import os
from collections.abc import Iterator, Sequence

import grain
import numpy as np
from jaxtyping import Float, Int

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.clips import evaluation_windows
from affect_jax.data.coverage import emotion_counts
from affect_jax.data.crops import CropMaker, collate
from affect_jax.data.order import Order, Vary, balanced_shares
from affect_jax.data.source import Concatenated, as_table
from affect_jax.data.training_batches import PREFETCHED_BATCHES, TrainingBatches
from affect_jax.data.training_rows import WHOLE_BATCH, Share, TrainingRows
from affect_jax.data.unreadable import Unreadable, UnreadableImages
from affect_jax.data.windows import AS_CUT, TrainingWindows, WindowConfig
from affect_jax.ops.geometry import DEFAULT_CROP, CropConfig
from affect_jax.types import Batch, Source

# Decoding and warping release the GIL. Beyond the most, Python itself is the limit: `workers` are for that.
LEAST_THREADS, MOST_THREADS = 2, 8


def training_batches(
    source: Source,
    *,
    crop_px: int,
    batch: int,
    seed: int,
    augment: AugmentConfig,
    crop: CropConfig = DEFAULT_CROP,
    frames: int | None = None,
    hop: int | None = None,
    windows: WindowConfig = AS_CUT,
    balanced: bool | float = False,
    mixture: Sequence[float] | None = None,
    max_skipped_fraction: float = 0.01,
    skipped_csv: str = "",
    takes: Sequence[str] = ("images",),
    threads: int = 0,
    workers: int = 0,
    share: Share = WHOLE_BATCH,
) -> TrainingBatches:
    """Yields full batches forever, reshuffled each epoch, with `get_state()` and `set_state()`.

    With `frames`, batches are clips [batch, time, ...]: windows of that many frames, `hop` frames apart (half a window
    if None), subsampled and varied according to `windows`.
    `balanced` samples with replacement so that all emotions are equally frequent; values between 0 and 1 interpolate
    (count ** -balanced). `mixture` gives the share of each part of a `Concatenated` source in every batch.
    An unreadable image becomes black with weight 0; ValueError if they exceed `max_skipped_fraction` of the source.
    `takes` lists the inputs of the network; only these are read.
    `workers` processes build the batches; if 0, `threads` of this process do, or as many as it has cores. `batch`
    counts the rows of all training processes, of which only those of `share` are returned; together they are the same
    for any number of processes.
    """
    share.rows(batch)  # before anything is opened
    order = _order(source, seed, frames, hop, windows, balanced, mixture)
    maker = CropMaker(source, crop_px, augment, takes, crop)
    draws = order.batch(batch, drop_remainder=True, batch_fn=tuple)
    rows = TrainingRows(maker, share, seed, augment.mixup_alpha)
    unreadable = UnreadableImages(maker.table.names, max_skipped_fraction, skipped_csv)
    return TrainingBatches(draws, rows, unreadable, threads or threads_here(), workers)


def threads_here() -> int:
    """As many threads as this process has cores, within limits."""
    return min(max(LEAST_THREADS, len(os.sched_getaffinity(0))), MOST_THREADS)


def _order(
    source: Source,
    seed: int,
    frames: int | None,
    hop: int | None,
    windows: WindowConfig,
    balanced: bool | float,
    mixture: Sequence[float] | None,
) -> grain.MapDataset:
    """The rows of training without an end: a stream for each part of the source, mixed."""
    parts = source.parts if mixture is not None and isinstance(source, Concatenated) else (source,)
    offsets = source.starts if len(parts) > 1 else (0,)
    _check_mixture(mixture, len(parts))
    if balanced and not any(emotion_counts(source).values()):
        raise ValueError("balanced sampling needs emotion labels, but the data has none; set data.balanced to 0")
    streams = []
    for number, (part, offset) in enumerate(zip(parts, offsets, strict=True)):
        units, vary = _training_units(part, frames, hop, windows, offset)
        shares = balanced_shares(as_table(part.examples).labels, units, float(balanced)) if balanced else None
        streams.append(grain.MapDataset.source(Order(units + offset, seed, number, shares, vary)))
    return streams[0] if len(streams) == 1 else grain.MapDataset.mix(streams, mixture)


def _check_mixture(mixture: Sequence[float] | None, parts: int) -> None:
    if mixture is not None and (len(mixture) != parts or min(mixture) <= 0):
        raise ValueError(
            f"mixture is {tuple(mixture)}, expected one positive share for each of the {parts} concatenated sources"
        )


def _training_units(
    source: Source, frames: int | None, hop: int | None, config: WindowConfig, offset: int
) -> tuple[Int[np.ndarray, "unit *frame"], Vary | None]:
    """Returns the example indices of each row (one, or the frames of a window), and how they vary between epochs.

    Varied indices have `offset` added.
    """
    if frames is None:
        if not len(source.examples):
            raise ValueError("the source is empty; is the split right?")
        return np.arange(len(source.examples)), None
    cut = TrainingWindows(source, frames, hop or max(1, frames // 2), config)
    if not config.varies:
        return cut.units(), None
    return cut.units(), lambda number, rng: cut.vary(number, rng) + offset


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
        rows = [number * self.batch + row for row in self.rows]
        unreadable: list[Unreadable] = []
        batch = collate([self.maker.evaluation(self.units[row], self.weights[row], unreadable) for row in rows])
        return batch, unreadable


def evaluation_batches(
    source: Source,
    *,
    crop_px: int,
    batch: int,
    frames: int | None = None,
    every: int = 1,
    latest: bool = False,
    crop: CropConfig = DEFAULT_CROP,
    max_skipped_fraction: float = 0.01,
    skipped_csv: str = "",
    takes: Sequence[str] = ("images",),
    threads: int = 0,
    share: Share = WHOLE_BATCH,
) -> EvaluationBatches:
    """Returns batches of a fixed size, in order, without augmentation; padding has weight 0 and index -1.

    With `frames`, batches hold half-overlapping windows of every `every`-th frame; each frame has weight 1 in the
    window where it is closest to the middle, or last if `latest`.
    Unreadable images are handled as in `training_batches`, and so is `share`.
    """
    if not len(source.examples):
        raise ValueError("the source is empty; is the split right?")
    if frames is None:
        units = np.arange(len(source.examples))
        weights = np.ones(len(units), np.float32)
    else:
        units, weights = evaluation_windows(source, frames, every=every, latest=latest)
    maker = CropMaker(source, crop_px, AugmentConfig(), takes, crop)
    unreadable = UnreadableImages(maker.table.names, max_skipped_fraction, skipped_csv)
    return EvaluationBatches(units, weights, batch, maker, threads or threads_here(), unreadable, share)
