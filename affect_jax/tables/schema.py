"""The meaning of a table's columns, in a JSON file next to it: `predictions.schema.json` for `predictions.csv`."""

import dataclasses
import functools
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from affect_jax.files.atomic import open_atomically
from affect_jax.quantities.registry import in_order

VERSION = 1  # incremented whenever older code would misread newer tables
KEYS = ("source", "subject", "clip", "frame", "face", "time_seconds")
AGAIN = "run launch.evaluate or launch.predict again"  # the advice for a table that cannot be read
SUCCESS = "success"  # 1 if there is a face
BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")  # px; score in [0, 1]


@dataclasses.dataclass(frozen=True)
class Schema:
    """The columns of a table and where its predictions come from."""

    model: str  # the workdir and its step: "clip@200"
    crop: str  # rule and parameters of the crop
    crop_px: int  # side of the crops; landmarks are in crop pixels
    label_set: str  # of emotions
    quantities: tuple[str, ...]  # predicted quantities
    labeled: tuple[str, ...] = ()  # predicted quantities that also have label columns
    boxes: bool = False  # whether the face box has columns

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        """The header: keys, box, then each quantity with its label."""
        found = [*KEYS, SUCCESS]
        if self.boxes:
            found += BOX
        for each in in_order(self.quantities):
            found += each.cells(self.missing(each.name), self.label_set)
            if each.name in self.labeled:
                found += each.label_columns(self.label_set)
        return tuple(found)

    def missing(self, quantity: str) -> np.ndarray:
        """The value of one row without a face: NaN."""
        (each,) = in_order([quantity])
        return np.full((1, *each.label_shape(self.label_set)), np.nan)


def sidecar(table: pathlib.Path) -> pathlib.Path:
    """Path of the file with the schema of a table."""
    return table.with_suffix(".schema.json")


def write_schema(schema: Schema, table: pathlib.Path, recording: Mapping[str, Any] | None = None) -> None:
    """Writes the schema next to its table, with facts about the recording that are in no column."""
    content = {"schema_version": VERSION, **dataclasses.asdict(schema), "columns": schema.columns}
    if recording is not None:
        content["recording"] = recording
    with open_atomically(sidecar(table)) as file:
        json.dump(content, file, indent=2)
        file.write("\n")


def read_schema(table: pathlib.Path) -> Schema:
    """Reads the schema of a table; ValueError if it is missing, damaged, or of another version."""
    path = sidecar(table)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: it describes the columns of {table.name}; {AGAIN}") from None
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); {AGAIN}") from None
    found = content.get("schema_version") if isinstance(content, Mapping) else None
    if found != VERSION:
        raise ValueError(f"{path} has schema_version {found}, but this version of affect_jax reads {VERSION}; {AGAIN}")
    return _schema(path, content)


def _schema(path: pathlib.Path, content: Mapping[str, Any]) -> Schema:
    fields = {field.name for field in dataclasses.fields(Schema)}
    entries = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
    try:
        schema = Schema(**{name: value for name, value in entries.items() if name in fields})
        columns = schema.columns
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}); {AGAIN}") from None
    if columns != (found := entries.get("columns")):
        listed = ", ".join(map(str, found)) if isinstance(found, tuple) else repr(found)
        raise ValueError(
            f"{path} lists the columns {listed}, but its quantities have {', '.join(columns)}; the file was edited by "
            "hand"
        )
    return schema
