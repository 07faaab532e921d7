"""Stores: sources slow to draw or of too many loose files, kept as a TFDS data set and opened as a source again."""

import dataclasses
import datetime
import hashlib
import json
import pathlib
import zipfile
from collections.abc import Callable

import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.data.source import Table
from affect_jax.data.store_writing import COLUMNS, COLUMNS_FILE, SPLIT, read_labels, write
from affect_jax.files import image_files
from affect_jax.types import Source, UnreadableImage

MARK_FILE = "dataset_info.json"
FORM = 3  # of what is stored; a store of another form is written anew


def fingerprint(reader: str, config) -> str:
    """A name for what a reader makes of its config (a dataclass); differs when any field does."""
    fields = json.dumps([FORM, reader, dataclasses.asdict(config)], sort_keys=True)
    return hashlib.sha256(fields.encode()).hexdigest()[:16]


class StoredFaces:
    """A store as a source; see `read`. Picklable: another process opens the files again."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        with (folder / COLUMNS_FILE).open("rb") as file, np.load(file, allow_pickle=False) as columns:
            self.label_set, self.fingerprint = str(columns["label_set"]), str(columns["fingerprint"])
            features = columns["features"] if "features" in columns else None
            self.examples = Table(*(columns[column] for column in COLUMNS), read_labels(columns), features)

    def __reduce__(self):
        return read, (self.folder,)

    def open(self) -> None:
        """Opens the records; ValueError where they are not as many as the labels.

        Before any loader thread starts, because this imports TFDS: two threads that do so together can wait for each
        other without end, and other threads cannot import anything meanwhile.
        """
        import tensorflow_datasets as tfds  # slow to import, and only stores need it
        from tensorflow_datasets.proto import tf_example_pb2

        raw = tfds.decode.DeserializeMethod.RAW_BYTES  # to parse all features would take ten times as long
        records = tfds.builder_from_directory(self.folder).as_data_source(SPLIT, deserialize_method=raw)
        if len(records) != len(self.examples):
            raise ValueError(
                f"{self.folder} holds {len(records)} images for {len(self.examples)} rows of labels; "
                "remove the folder and write it again"
            )
        self._records, self._parse = records, tf_example_pb2.Example.FromString

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels; raises `UnreadableImage`, naming the store and the record."""
        if not 0 <= index < len(self.examples):
            raise IndexError(f"example {index} of {len(self.examples)}")
        where = f"{self.folder}, record {index}"
        try:
            record = self._parse(self._records[index])
            data = record.features.feature["image"].bytes_list.value[0]
        except (RuntimeError, IndexError) as error:  # a shard is lost, cut or damaged
            raise UnreadableImage(f"{where}: {error}; remove the folder and write it again") from error
        return image_files.decode_plain(data, where)


def read(folder: str | pathlib.Path, fingerprint: str = "") -> StoredFaces:
    """A store as a source; ValueError when `fingerprint` is given and another one was written."""
    folder = pathlib.Path(folder)
    if not (folder / COLUMNS_FILE).is_file() or not (folder / MARK_FILE).is_file():
        raise FileNotFoundError(f"{folder} is no store: expected {COLUMNS_FILE} and {MARK_FILE} in it")
    try:
        stored = StoredFaces(folder)
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError) as error:
        raise ValueError(
            f"{folder / COLUMNS_FILE} is cut off or damaged ({error}); remove the folder and write it again"
        ) from error
    if fingerprint and stored.fingerprint != fingerprint:
        raise ValueError(
            f"{folder} was made from other settings (fingerprint {stored.fingerprint or 'none'}, "
            f"expected {fingerprint}); remove the folder or choose another"
        )
    stored.open()
    return stored


def materialize(make: Callable[[], Source], folder: str | pathlib.Path, fingerprint: str, **options) -> StoredFaces:
    """The store in `folder`: as it is there when the fingerprint agrees, else of the source that `make` gives.

    `options` as of `store_writing.write`.
    """
    try:
        stored = read(folder, fingerprint)
        since = datetime.datetime.fromtimestamp((pathlib.Path(folder) / COLUMNS_FILE).stat().st_mtime)
        logging.info("%d faces are stored in %s since %s", len(stored.examples), folder, f"{since:%Y-%m-%d %H:%M}")
        return stored
    except FileNotFoundError:
        pass
    except ValueError as error:
        logging.info("writing anew: %s", error)
    write(make(), folder, fingerprint=fingerprint, **options)
    return read(folder, fingerprint)
