"""From a source to batches, through Grain: order, image, crop, batch.

What a batch holds is a function of (seed, its number) alone, whatever the number of threads, so the state of the
iterator is one number and a resumed run sees the same crops.
"""

from collections.abc import Callable, Iterator, Sequence

import grain
import numpy as np
from jaxtyping import Float, Int

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.clips import evaluation_windows
from affect_jax.data.coverage import emotion_counts
from affect_jax.data.crops import CropMaker, collate
from affect_jax.data.mixup import mixup
from affect_jax.data.order import Order, Vary, balanced_shares
from affect_jax.data.source import Concatenated, as_table
from affect_jax.data.windows import AS_CUT, TrainingWindows, WindowConfig
from affect_jax.ops.geometry import EMONET_SIDE
from affect_jax.types import Batch, Source

THREADS = 2  # decoding and warping release Python's lock
MIXUP = 2**31  # purpose of random numbers, apart from the numbers of the streams
PREFETCHED_BATCHES = 3  # at least; each thread makes one batch at a time


def training_batches(
    source: Source,
    *,
    crop_px: int,
    batch: int,
    seed: int,
    augment: AugmentConfig,
    side_ratio: float = EMONET_SIDE,
    frames: int | None = None,
    hop: int | None = None,
    windows: WindowConfig = AS_CUT,
    balanced: bool | float = False,
    mixture: Sequence[float] | None = None,
    max_skipped_fraction: float = 0.01,
    skipped_csv: str = "",
    takes: Sequence[str] = ("images",),
    threads: int = THREADS,
) -> grain.DatasetIterator:
    """Full batches without end, shuffled anew each epoch, with `get_state()` and `set_state()`.

    With `frames`, windows of that many frames every `hop` (half a window when None), [batch, time, ...], cut and varied
    as `windows` says.
    `balanced` draws with replacement so that every emotion comes equally often; a number between 0 and 1 goes part of
    the way (count ** -balanced). `mixture` gives the shares of the parts of a `Concatenated` source in every batch.
    A image that cannot be read becomes a black one of weight 0; beyond `max_skipped_fraction` of the source
    ValueError is raised. `takes` are the inputs of the network; only these are read.
    """
    parts = source.parts if mixture is not None and isinstance(source, Concatenated) else (source,)
    offsets = source.starts if len(parts) > 1 else (0,)
    _check_mixture(mixture, len(parts))
    if balanced and not any(emotion_counts(source).values()):
        raise ValueError("balanced sampling needs emotions, but the data have none; set data.balanced to 0")
    streams = []
    for number, (part, offset) in enumerate(zip(parts, offsets, strict=True)):
        units, vary = _training_units(part, frames, hop, windows, offset)
        shares = balanced_shares(as_table(part.examples).labels, units, float(balanced)) if balanced else None
        streams.append(grain.MapDataset.source(Order(units + offset, seed, number, shares, vary)))
    order = streams[0] if len(streams) == 1 else grain.MapDataset.mix(streams, mixture)
    maker = CropMaker(source, crop_px, augment, max_skipped_fraction, skipped_csv, takes, side_ratio)
    return iter(_batched(order.map(maker.training), batch, threads, _blending(seed, augment.mixup_alpha)))


def _check_mixture(mixture: Sequence[float] | None, parts: int) -> None:
    if mixture is not None and (len(mixture) != parts or min(mixture) <= 0):
        raise ValueError(
            f"mixture is {tuple(mixture)}, expected one positive share for each of the {parts} joined sources"
        )


def _blending(seed: int, alpha: float) -> Callable[[int, Batch], Batch] | None:
    """Mixup as a function of the batch's number, so that a resumed run blends the same faces."""
    return (lambda number, batch: mixup(batch, np.random.default_rng((seed, MIXUP, number)), alpha)) if alpha else None


def _training_units(
    source: Source, frames: int | None, hop: int | None, config: WindowConfig, offset: int
) -> tuple[Int[np.ndarray, "unit *frame"], Vary | None]:
    """Indices of what one row of a batch is made of: an example, or the frames of a window, and how it varies.

    Varied indices have `offset` added.
    """
    if frames is None:
        if not len(source.examples):
            raise ValueError("the source is empty; is the split right?")
        return np.arange(len(source.examples)), None
    cut = TrainingWindows(source, frames, hop or max(1, frames // 2), config)
    return cut.units(), (lambda number, rng: cut.varied(number, rng) + offset) if config.varies else None


def _batched(
    items: grain.MapDataset, batch: int, threads: int, after: Callable[[int, Batch], Batch] | None = None
) -> grain.IterDataset:
    batches = items.batch(batch, drop_remainder=True, batch_fn=collate)
    if after is not None:
        batches = batches.map_with_index(after)
    ahead = max(PREFETCHED_BATCHES, threads)
    return batches.to_iter_dataset(grain.ReadOptions(num_threads=threads, prefetch_buffer_size=ahead))


class EvaluationBatches:
    """Batches of all examples in order, each with weight 1 exactly once; can be gone through again."""

    def __init__(self, units: Int[np.ndarray, "unit *frame"], weights: Float[np.ndarray, "unit *frame"], batch: int,
                 maker: CropMaker, threads: int):  # fmt: skip
        missing = -len(units) % batch
        padding = [(0, missing)] + [(0, 0)] * (units.ndim - 1)
        self.units = np.pad(units, padding, constant_values=-1)
        self.weights = np.pad(weights, padding)
        self.batch, self.maker, self.threads = batch, maker, threads

    def __len__(self) -> int:
        return len(self.units) // self.batch

    def __iter__(self) -> Iterator[Batch]:
        rows = grain.MapDataset.range(len(self.units))
        items = rows.map(lambda row: self.maker.evaluation(self.units[row], self.weights[row]))
        iterator = iter(_batched(items, self.batch, self.threads))
        try:
            yield from iterator
        finally:
            iterator.close()


def evaluation_batches(
    source: Source,
    *,
    crop_px: int,
    batch: int,
    frames: int | None = None,
    every: int = 1,
    latest: bool = False,
    side_ratio: float = EMONET_SIDE,
    max_skipped_fraction: float = 0.01,
    skipped_csv: str = "",
    takes: Sequence[str] = ("images",),
    threads: int = THREADS,
) -> EvaluationBatches:
    """Batches of a fixed size, in order, without jitter; the last is filled up with weight 0 and index -1.

    With `frames`, windows of every `every`-th frame that overlap by half; each frame has weight 1 where it stands
    nearest to the middle, or last if `latest`.
    Unreadable images as in `training_batches`.
    """
    if not len(source.examples):
        raise ValueError("the source is empty; is the split right?")
    if frames is None:
        units = np.arange(len(source.examples))
        weights = np.ones(len(units), np.float32)
    else:
        units, weights = evaluation_windows(source, frames, every=every, latest=latest)
    maker = CropMaker(source, crop_px, AugmentConfig(), max_skipped_fraction, skipped_csv, takes, side_ratio)
    return EvaluationBatches(units, weights, batch, maker, threads)
