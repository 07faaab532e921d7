"""A folder of stored features: the one table, and what a network computed for each of its rows.

predictions.csv with its schema; features.safetensors, in which row i of each array belongs to row i of the table; and
features.json, written last: which network and which data the features are of, and the checksums of the other files.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Shaped

from affect_jax.convert import safetensors_file, safetensors_writing
from affect_jax.files.atomic import open_atomically
from affect_jax.files.checksum import sha256
from affect_jax.files.json_files import read_object
from affect_jax.quantities.intensity import CLASSES, REGRESSION, THRESHOLDS, Intensity
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.tables.reading import read_rows
from affect_jax.tables.rows import Rows
from affect_jax.tables.writing import write_rows

TABLE, ARRAYS, FACTS = "predictions.csv", "features.safetensors", "features.json"
VERSION = 1  # incremented whenever older code would misread newer folders
FEATURES = "features"  # [row, feature], pooled features
# Raw outputs of the network, [row, number], have the names of their quantities.
GEOMETRY = "geometry"  # [row, number], proportions of the face; only where landmarks are known
HEAD = "head/"  # prefix of the arrays of the network's last layers; they have no rows
COLUMNS = {False: (2,), True: (REGRESSION, THRESHOLDS, CLASSES)}  # of raw outputs: valence and arousal, an intensity
AGAIN = "store the features again with python -m launch.features"

Arrays = Mapping[str, Shaped[np.ndarray, "..."]]


@dataclasses.dataclass(frozen=True)
class FeatureFacts:
    """What stored features are of."""

    network: str  # the workdir and its step: "static@200"
    network_sha256: str  # digest of its weights; see `personal.digest`
    crop: str  # rule and parameters of the crop
    data: Mapping[str, str]  # where the faces come from: reader, split and options, or the input


@dataclasses.dataclass(frozen=True)
class FeatureRows:
    """A table with arrays that have a row for each of its rows, and the head of the network."""

    rows: Rows
    arrays: Arrays  # FEATURES, raw outputs by quantity, perhaps GEOMETRY and arrays whose names begin with HEAD
    facts: FeatureFacts


def write_feature_rows(stored: FeatureRows, folder: pathlib.Path) -> None:
    """Writes the folder; while its files are replaced, features.json is missing. ValueError for arrays that differ."""
    _check_arrays(folder, stored.arrays, len(stored.rows))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in stored.arrays.items()}
    safetensors_writing.write(folder / ARRAYS, arrays, {})
    write_rows(stored.rows, folder / TABLE, stored.facts.network, stored.facts.crop, stored.facts.network_sha256)
    content = {
        "version": VERSION,
        **dataclasses.asdict(stored.facts),
        "features": arrays[FEATURES].shape[1],
        "label_set": stored.rows.label_set,
        "rows": len(stored.rows),
        "sha256": {name: sha256(folder / name) for name in (TABLE, ARRAYS)},
    }
    with open_atomically(folder / FACTS) as file:
        json.dump(content, file, indent=2)
        file.write("\n")


def read_feature_rows(folder: pathlib.Path) -> FeatureRows:
    """Reads the folder; FileNotFoundError if a file is missing, ValueError if one was damaged or changed."""
    facts = read_facts(folder)
    for name in (TABLE, ARRAYS):
        if sha256(_existing(folder, name)) != facts["sha256"].get(name):
            raise ValueError(f"{folder / name} was damaged or changed after it was written; {AGAIN}")
    rows = read_rows(folder / TABLE)
    arrays = _read_arrays(folder / ARRAYS)
    _check_arrays(folder, arrays, len(rows))
    fields = {field.name: facts[field.name] for field in dataclasses.fields(FeatureFacts)}
    return FeatureRows(rows, arrays, FeatureFacts(**fields))


def read_facts(folder: pathlib.Path) -> dict[str, Any]:
    """Reads features.json; FileNotFoundError if there is none, ValueError if it is damaged or of another version."""
    path = _existing(folder, FACTS)
    facts = read_object(path, AGAIN)
    if facts.get("version") != VERSION:
        found = facts.get("version")
        raise ValueError(f"{path} has version {found}, but this version of affect_jax reads {VERSION}; {AGAIN}")
    kinds = {"network": str, "network_sha256": str, "crop": str, "data": dict, "sha256": dict}
    for name, kind in kinds.items():
        if not isinstance(facts.get(name), kind) or not facts[name]:
            raise ValueError(f"{path} is damaged ({name} is {facts.get(name)!r}); {AGAIN}")
    return facts


def _existing(folder: pathlib.Path, name: str) -> pathlib.Path:
    path = folder / name
    if not path.is_file():
        complete = " complete" if folder.is_dir() else ""
        raise FileNotFoundError(f"{folder} holds no{complete} stored features: {path} is missing; {AGAIN}")
    return path


def _read_arrays(path: pathlib.Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    with path.open("rb") as file:
        start = file.read(9)
    if not safetensors_file.is_safetensors(start):
        raise ValueError(f"{path} is not a safetensors file; {AGAIN}")
    return safetensors_file.read(path)


def _check_arrays(folder: pathlib.Path, arrays: Arrays, rows: int) -> None:
    """ValueError for an array that is missing, not finite, or of another shape than the table asks for."""
    path = folder / ARRAYS
    if FEATURES not in arrays:
        raise ValueError(f"{path} lacks the array {FEATURES}; {AGAIN}")
    if not set(QUANTITIES) & set(arrays):
        raise ValueError(f"{path} lacks the array valence_arousal, or that of an intensity; {AGAIN}")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{path}: {name} holds values that are not finite; {AGAIN}")
        if not name.startswith(HEAD) and (array.ndim != 2 or len(array) != rows):
            raise ValueError(f"{path}: {name} has shape {array.shape}, but the table has {rows} rows; {AGAIN}")
    for name in set(QUANTITIES) & set(arrays):
        columns = COLUMNS[isinstance(QUANTITIES[name], Intensity)]
        if arrays[name].shape[1] not in columns:
            expected = " or ".join(map(str, columns))
            raise ValueError(f"{path}: {name} has shape {arrays[name].shape}, expected {expected} columns; {AGAIN}")
