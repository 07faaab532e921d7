"""Writes any source as a TFDS data set in array_record format, without TensorFlow.

The records are readable by any TFDS user. `examples.npz` next to them duplicates the labels, so that opening a store
reads no images.
"""

import pathlib
import shutil
from collections.abc import Mapping, Sequence

import numpy as np
from tqdm import tqdm

from affect_jax import emotions
from affect_jax.data import store_shards as shards
from affect_jax.data.encoding import CHUNK, encode_images
from affect_jax.data.fingerprint import source_fingerprint
from affect_jax.data.skipped import SkippedRows
from affect_jax.data.source import Table, as_table
from affect_jax.data.store_report import write_report
from affect_jax.data.unreadable import BROKEN
from affect_jax.files import image_files
from affect_jax.quantities.registry import quantity
from affect_jax.types import Label, Labels, Source

SPLIT, VERSION = shards.SPLIT, "1.0.0"
COLUMNS_FILE, SKIPPED_FILE = "examples.npz", "skipped.csv"
COLUMNS = ("names", "subjects", "clips", "frames", "time_seconds")
EXAMPLES_PER_SHARD = 8192
WEIGHT = "_weight"  # suffix of weight columns


def write(
    source: Source,
    folder: str | pathlib.Path,
    *,
    fingerprint: str = "",
    encoding: str = "png",
    workers: int = 2,
    max_skipped_fraction: float = 0.01,
) -> None:
    """Writes a source to `folder` atomically, replacing any older store.

    A writer of the same source that was killed is continued: shards that it completed are kept. `encoding` is "png"
    (lossless) or "jpeg" (quality 95). Images are encoded by `workers` processes, so the source must be picklable.
    Unreadable images are skipped, listed in `folder`/skipped.csv, and limited in number as in the readers.
    """
    folder = pathlib.Path(folder)
    _check(source, folder, encoding)
    partial, old = folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    identity = {"fingerprint": fingerprint, "encoding": encoding, "shard": EXAMPLES_PER_SHARD}
    identity |= source_fingerprint(source)
    if not shards.is_of(partial, identity):
        shutil.rmtree(partial, ignore_errors=True)
        shards.begin(partial, identity)
    try:
        _fill(source, partial, fingerprint, encoding, workers, max_skipped_fraction)
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    except BaseException as error:
        # Skipped rows beyond the limit are to be read again; what was completed otherwise is not.
        if isinstance(error, ValueError) or not shards.any_complete(partial):
            shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _check(source: Source, folder: pathlib.Path, encoding: str) -> None:
    """ValueError if there is nothing to store, or it cannot be stored there in this way."""
    if not len(source.examples):
        raise ValueError(f"nothing to store in {folder}: the source is empty; is the split right?")
    if encoding not in image_files.ENCODINGS:
        raise ValueError(
            f"unknown image encoding '{encoding}'; choose one of {', '.join(sorted(image_files.ENCODINGS))}"
        )
    if folder.exists() and any(folder.iterdir()) and not (folder / COLUMNS_FILE).exists():
        raise ValueError(f"{folder} has other files and is not a store; choose an empty or new folder")


def _fill(
    source: Source, folder: pathlib.Path, mark: str, encoding: str, workers: int, max_skipped_fraction: float
) -> None:
    import tensorflow_datasets as tfds  # slow to import, and only stores need it

    table = as_table(source.examples)
    info = _info(tfds, folder, table, source.label_set, mark, encoding)
    serializer = tfds.core.example_serializer.ExampleSerializer(info.features.get_serialized_info())
    serialize = lambda record: serializer.serialize_example(info.features.encode_example(record))
    ranges = _ranges(len(table), EXAMPLES_PER_SHARD)
    found = [shards.find_shard(folder, number) for number in range(len(ranges))]
    missing = [number for number, shard in enumerate(found) if shard is None]
    chunks = [chunk for number in missing for chunk in _ranges(len(ranges[number]), CHUNK, ranges[number].start)]
    encoded = encode_images(source, chunks, encoding, workers)
    done = len(table) - sum(len(ranges[number]) for number in missing)
    with tqdm(total=len(table), initial=done, desc="storing faces", unit="face", mininterval=1) as bar:
        for number in missing:
            records, broken = [], []
            for chunk in _ranges(len(ranges[number]), CHUNK, ranges[number].start):
                for index, (data, _) in zip(chunk, next(encoded), strict=True):
                    if data:
                        records.append(serialize(_record(table, index, data)))
                    else:
                        broken.append(index)
                bar.update(len(chunk))
            found[number] = shards.write_shard(folder, number, records, broken)
    broken = [index for shard in found for index in shard.skipped]
    skipped = SkippedRows(str(folder), max_skipped_fraction, str(folder / SKIPPED_FILE))
    skipped.faults += [(str(table.names[index]), index, BROKEN) for index in broken]
    skipped.finish(len(table))
    _finish(tfds, info, folder, found)
    kept = np.setdiff1d(np.arange(len(table)), broken)
    stored = table.take(kept) if broken else table
    write_columns(folder / COLUMNS_FILE, stored, source.label_set, mark)
    write_report(folder, stored, source.label_set, found, {"encoding": encoding, "fingerprint": mark or "none"})


def _ranges(count: int, size: int, start: int = 0) -> list[range]:
    """Consecutive ranges of up to `size` that cover `count` numbers from `start` on."""
    return [range(first, min(first + size, start + count)) for first in range(start, start + count, size)]


def _finish(tfds, info, folder: pathlib.Path, found: Sequence[shards.Shard]) -> None:
    """Writes what TFDS has to know about the shards, and their descriptions."""
    template = tfds.core.ShardedFileTemplate(
        dataset_name=shards.NAME,
        data_dir=folder,
        split=shards.SPLIT,
        filetype_suffix="array_record",
        template="{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_INDEX}",
    )
    lengths, size = [shard.records for shard in found], sum(shard.bytes for shard in found)
    split = tfds.core.SplitInfo(name=shards.SPLIT, shard_lengths=lengths, num_bytes=size, filename_template=template)
    info.set_file_format("array_record")
    info.set_splits(tfds.core.splits.SplitDict([split]))
    info.write_to_directory(folder)
    shards.collect_descriptions(folder, found)


def _info(tfds, folder: pathlib.Path, table: Table, label_set: str, mark: str, encoding: str):
    names = emotions.names(label_set)
    columns = label_columns(table)
    if table.features is not None:
        columns["features"] = table.features
    tensors = {}
    for name, values in columns.items():
        tensors[name] = tfds.features.Tensor(shape=values.shape[1:], dtype=values.dtype.type)
    features = {
        "image": tfds.features.Image(encoding_format=encoding),
        "name": tfds.features.Text(),
        "subject": tfds.features.Text(),
        "clip": tfds.features.Text(),
        "frame": tfds.features.Scalar(dtype=np.int64),
        "time_seconds": tfds.features.Scalar(dtype=np.float64),
        **tensors,
    }
    known = "; ".join(f"{name}: {quantity(name).description}" for name in table.labels)
    identity = tfds.core.dataset_info.DatasetIdentity(
        name=shards.NAME, version=tfds.core.Version(VERSION), data_dir=str(folder), module_name="affect_jax"
    )
    return tfds.core.DatasetInfo(
        builder=identity,
        description=f"Faces and their labels ({known}); a weight of 0 means not labeled. "
        f"The emotions of the label set: {', '.join(names)}.",
        features=tfds.features.FeaturesDict(features),
        disable_shuffling=True,
        metadata=tfds.core.MetadataDict(label_set=label_set, emotions=list(names), fingerprint=mark),
    )


def _record(table: Table, index: int, data: bytes) -> dict:
    example = table[index]
    names = ("name", "subject", "clip", "frame", "time_seconds", "features")
    known = {name: getattr(example, name) for name in names if getattr(example, name) is not None}
    labels = {name: values[index] for name, values in label_columns(table).items()}
    return {"image": data} | known | labels


def label_columns(table: Table) -> dict[str, np.ndarray]:
    """Returns labels as named arrays: "<quantity>" for values, "<quantity>_weight" for weights."""
    columns = {name: np.asarray(label.value) for name, label in table.labels.items()}
    return columns | {f"{name}{WEIGHT}": np.asarray(label.weight) for name, label in table.labels.items()}


def read_labels(columns: Mapping[str, np.ndarray]) -> Labels:
    """Reads labels from named arrays, which may include others; the inverse of `label_columns`."""
    known = [name.removesuffix(WEIGHT) for name in columns if name.endswith(WEIGHT)]
    return Labels(**{name: Label(columns[name], columns[f"{name}{WEIGHT}"]) for name in known})


def write_columns(path: pathlib.Path, table: Table, label_set: str, mark: str) -> None:
    """Writes the labels of a store, which has this fingerprint."""
    texts = {column: np.array(getattr(table, column).tolist(), str) for column in COLUMNS[:3]}
    numbers = {"frames": table.frames, "time_seconds": table.time_seconds}
    labels = label_columns(table) | ({} if table.features is None else {"features": table.features})
    np.savez(path, label_set=np.array(label_set), fingerprint=np.array(mark), **texts, **numbers, **labels)
