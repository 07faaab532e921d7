"""Turns a source into batches, using Grain: order, image, crop, batch.

The content of a batch depends only on the seed and its number, not on the number of threads, workers or training
processes, so the state of the iterator is that number and a resumed run sees the same crops.
"""

import os
from collections.abc import Callable, Sequence

import grain
import numpy as np
from jaxtyping import Int

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.clips import evaluation_windows, newest_windows
from affect_jax.data.coverage import emotion_counts
from affect_jax.data.crops import CropMaker
from affect_jax.data.evaluation_batches import EvaluationBatches
from affect_jax.data.order import Order, Vary, balanced_shares
from affect_jax.data.source import Concatenated, as_table
from affect_jax.data.training_batches import TrainingBatches
from affect_jax.data.training_rows import WHOLE_BATCH, Share, TrainingRows
from affect_jax.data.transitions import graded
from affect_jax.data.unreadable import UnreadableImages
from affect_jax.data.windows import AS_CUT, TrainingWindows, WindowConfig
from affect_jax.ops.geometry import DEFAULT_CROP, CropConfig
from affect_jax.types import Source

# Decoding and warping release the GIL. Beyond the most, Python itself is the limit: `workers` are for that.
LEAST_THREADS, MOST_THREADS = 2, 8
Cut = Callable[[Source], TrainingWindows]


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
    newest: bool = False,
    predicts: Sequence[str] | None = None,
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
    if None), subsampled and varied according to `windows`. If the network predicts the `newest` frame of a window, that
    one alone has weight, and needs a label of the quantities that it `predicts` (any if None).
    `balanced` samples with replacement so that all emotions are equally frequent; values between 0 and 1 interpolate
    (count ** -balanced). `mixture` gives the share of each part of a `Concatenated` source in every batch.
    An unreadable image becomes black with weight 0; ValueError if they exceed `max_skipped_fraction` of the source.
    `takes` lists the inputs of the network; only these are read.
    `workers` processes build the batches; if 0, `threads` of this process do, or as many as it has cores. `batch`
    counts the rows of all training processes, of which only those of `share` are returned; together they are the same
    for any number of processes.
    """
    share.rows(batch)  # before anything is opened
    if windows.transitions and not graded(as_table(source.examples), predicts):
        raise ValueError(
            f"data.windows.transitions is {windows.transitions:g}, but the training data have no labels of an "
            "intensity that the network predicts; set it to 0"
        )
    cut = None
    if frames is not None:
        cut = lambda part: TrainingWindows(part, frames, hop, windows, newest, predicts)
    order = _order(source, seed, cut, balanced, mixture)
    maker = CropMaker(source, crop_px, augment, takes, crop, newest)
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
    cut: Cut | None,
    balanced: bool | float,
    mixture: Sequence[float] | None,
) -> grain.MapDataset:
    """The rows of training without an end: a stream for each part of the source, mixed.

    `cut` cuts a part into windows; None for single images.
    """
    parts = source.parts if mixture is not None and isinstance(source, Concatenated) else (source,)
    offsets = source.starts if len(parts) > 1 else (0,)
    _check_mixture(mixture, len(parts))
    if balanced and not any(emotion_counts(source).values()):
        raise ValueError("balanced sampling needs emotion labels, but the data has none; set data.balanced to 0")
    streams = []
    for number, (part, offset) in enumerate(zip(parts, offsets, strict=True)):
        units, counting, vary = _training_units(part, cut, offset)
        shares = balanced_shares(as_table(part.examples).labels, counting, float(balanced)) if balanced else None
        streams.append(grain.MapDataset.source(Order(units + offset, seed, number, shares, vary)))
    return streams[0] if len(streams) == 1 else grain.MapDataset.mix(streams, mixture)


def _check_mixture(mixture: Sequence[float] | None, parts: int) -> None:
    if mixture is not None and (len(mixture) != parts or min(mixture) <= 0):
        raise ValueError(
            f"mixture is {tuple(mixture)}, expected one positive share for each of the {parts} concatenated sources"
        )


def _training_units(
    source: Source, cut: Cut | None, offset: int
) -> tuple[Int[np.ndarray, "unit *frame"], Int[np.ndarray, "unit *counting"], Vary | None]:
    """Returns the example indices of each row (one, or the frames of a window), those whose labels count, and how the
    rows vary between epochs.

    Varied indices have `offset` added.
    """
    if cut is None:
        if not len(source.examples):
            raise ValueError("the source is empty; is the split right?")
        return np.arange(len(source.examples)), np.arange(len(source.examples)), None
    windows = cut(source)
    vary = (lambda number, rng: windows.vary(number, rng) + offset) if windows.config.varies else None
    return windows.units(), windows.counting(), vary


def evaluation_batches(
    source: Source,
    *,
    crop_px: int,
    batch: int,
    frames: int | None = None,
    every: int = 1,
    latest: bool = False,
    newest: bool = False,
    crop: CropConfig = DEFAULT_CROP,
    max_skipped_fraction: float = 0.01,
    skipped_csv: str = "",
    takes: Sequence[str] = ("images",),
    threads: int = 0,
    share: Share = WHOLE_BATCH,
) -> EvaluationBatches:
    """Returns batches of a fixed size, in order, without augmentation; padding has weight 0 and index -1.

    With `frames`, batches hold half-overlapping windows of every `every`-th frame; each frame has weight 1 in the
    window where it is closest to the middle, or last if `latest`. If the network predicts the `newest` frame of a
    window, there is a window for each frame (see `newest_windows`).
    Unreadable images are handled as in `training_batches`, and so is `share`.
    """
    if not len(source.examples):
        raise ValueError("the source is empty; is the split right?")
    if frames is None:
        units = np.arange(len(source.examples))
        weights = np.ones(len(units), np.float32)
    elif newest:
        units, weights = newest_windows(source, frames, every)
    else:
        units, weights = evaluation_windows(source, frames, every=every, latest=latest)
    maker = CropMaker(source, crop_px, AugmentConfig(), takes, crop)
    unreadable = UnreadableImages(maker.table.names, max_skipped_fraction, skipped_csv)
    return EvaluationBatches(units, weights, batch, maker, threads or threads_here(), unreadable, share)
