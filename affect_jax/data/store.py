"""Stores: sources that are slow to read, cached as a TFDS data set and opened as a source."""

import dataclasses
import datetime
import hashlib
import json
import pathlib
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.data.fingerprint import ADDED_LATER
from affect_jax.data.source import Table
from affect_jax.data.store_writing import COLUMNS, COLUMNS_FILE, SPLIT, read_labels, write
from affect_jax.files import image_files
from affect_jax.files.locks import locked_after_waiting
from affect_jax.types import Source, UnreadableImage

INFO_FILE = "dataset_info.json"
FORMAT_VERSION = 3  # stores of another version are rewritten


def fingerprint(reader: str, *configs) -> str:
    """Hashes a reader and its configs (dataclasses); differs if any field differs, see `ADDED_LATER`."""
    fields = json.dumps([FORMAT_VERSION, reader, *map(_fields, configs)], sort_keys=True)
    return hashlib.sha256(fields.encode()).hexdigest()[:16]


def _fields(config: Any) -> dict[str, Any]:
    """The fields that tell stores apart."""
    values = dataclasses.asdict(config)
    for field in dataclasses.fields(config):
        if field.metadata == ADDED_LATER and values[field.name] == field.default:
            del values[field.name]
    return values


class StoredFaces:
    """A store as a source; see `read`. Picklable: other processes reopen the files."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        with (folder / COLUMNS_FILE).open("rb") as file, np.load(file, allow_pickle=False) as columns:
            self.label_set, self.fingerprint = str(columns["label_set"]), str(columns["fingerprint"])
            features = columns["features"] if "features" in columns else None
            self.examples = Table(*(columns[column] for column in COLUMNS), read_labels(columns), features)

    def __reduce__(self):
        return read, (self.folder,)

    def open(self) -> None:
        """Opens the records; ValueError if their number differs from that of the labels.

        Must run before any loader thread starts, because it imports TFDS: two threads importing it concurrently can
        deadlock and block all other imports.
        """
        import tensorflow_datasets as tfds  # slow to import, and only stores need it
        from tensorflow_datasets.proto import tf_example_pb2

        raw = tfds.decode.DeserializeMethod.RAW_BYTES  # parsing all features would be ten times slower
        records = tfds.builder_from_directory(self.folder).as_data_source(SPLIT, deserialize_method=raw)
        if len(records) != len(self.examples):
            raise ValueError(
                f"{self.folder} has {len(records)} images for {len(self.examples)} rows of labels; "
                "remove the folder and write it again"
            )
        self._records, self._parse = records, tf_example_pb2.Example.FromString

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels; raises `UnreadableImage`, which names the store and the record."""
        if not 0 <= index < len(self.examples):
            raise IndexError(f"example {index} of {len(self.examples)}")
        where = f"{self.folder}, record {index}"
        try:
            record = self._parse(self._records[index])
            data = record.features.feature["image"].bytes_list.value[0]
        except (RuntimeError, IndexError) as error:  # a shard is missing, truncated or corrupt
            raise UnreadableImage(f"{where}: {error}; remove the folder and write it again") from error
        return image_files.decode_plain(data, where)


def read(folder: str | pathlib.Path, fingerprint: str = "") -> StoredFaces:
    """Opens a store as a source; ValueError if `fingerprint` is given and differs from the stored one."""
    folder = pathlib.Path(folder)
    if not (folder / COLUMNS_FILE).is_file() or not (folder / INFO_FILE).is_file():
        raise FileNotFoundError(f"{folder} is not a store: expected {COLUMNS_FILE} and {INFO_FILE} in it")
    try:
        stored = StoredFaces(folder)
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError) as error:
        raise ValueError(
            f"{folder / COLUMNS_FILE} is truncated or corrupt ({error}); remove the folder and write it again"
        ) from error
    if fingerprint and stored.fingerprint != fingerprint:
        raise ValueError(
            f"{folder} was written with other settings (fingerprint {stored.fingerprint or 'none'}, "
            f"expected {fingerprint}); remove the folder or choose another"
        )
    stored.open()
    return stored


def materialize(make: Callable[[], Source], folder: str | pathlib.Path, fingerprint: str, **options) -> StoredFaces:
    """Opens the store in `folder` if its fingerprint matches; otherwise writes it from the source built by `make`.

    Of several processes that do so at once, one writes and the others wait for it. `options` are those of
    `store_writing.write`.
    """
    folder = pathlib.Path(folder)
    if stored := _existing(folder, fingerprint):
        return stored
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked_after_waiting(folder.with_name(f".{folder.name}.lock")):
        if stored := _existing(folder, fingerprint):  # written while this process waited
            return stored
        write(make(), folder, fingerprint=fingerprint, **options)
        return read(folder, fingerprint)


def _existing(folder: pathlib.Path, fingerprint: str) -> StoredFaces | None:
    """The store in `folder`; None if there is none, or if it has to be written again."""
    try:
        stored = read(folder, fingerprint)
        since = datetime.datetime.fromtimestamp((folder / COLUMNS_FILE).stat().st_mtime)
        logging.info("using %d faces stored in %s on %s", len(stored.examples), folder, f"{since:%Y-%m-%d %H:%M}")
        return stored
    except FileNotFoundError:
        return None
    except ValueError as error:
        logging.info("rewriting the store: %s", error)
        return None
