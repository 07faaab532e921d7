"""What the columns of a table mean, in a JSON file beside it: `predictions.schema.json` beside `predictions.csv`."""

import dataclasses
import functools
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from affect_jax.files.atomic import open_atomically
from affect_jax.quantities.registry import in_order

VERSION = 1  # raised whenever a reader of today would misread a table of tomorrow
KEYS = ("source", "subject", "clip", "frame", "face", "time_seconds")
AGAIN = "run launch.evaluate or launch.predict again"  # what helps where a table cannot be read
SUCCESS = "success"  # 1 where there is a face
BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")  # px; score in [0, 1]


@dataclasses.dataclass(frozen=True)
class Schema:
    """The columns of a table and where its predictions come from."""

    model: str  # the workdir and its step: "clip@200"
    crop: str  # rule and numbers of the crop
    crop_px: int  # side of the crops, in whose pixels landmarks are
    label_set: str  # of emotions
    quantities: tuple[str, ...]  # that are predicted
    labeled: tuple[str, ...] = ()  # those of them whose labels have columns
    boxes: bool = False  # whether the box of the face has columns

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        """The header: keys, box, then each quantity with its label."""
        found = [*KEYS, SUCCESS, *(BOX if self.boxes else ())]
        for each in in_order(self.quantities):
            found += each.cells(self.nothing(each.name), self.label_set)
            if each.name in self.labeled:
                found += each.label_columns(self.label_set)
        return tuple(found)

    def nothing(self, quantity: str) -> np.ndarray:
        """The value of one row that has no face: NaN."""
        (each,) = in_order([quantity])
        return np.full((1, *each.label_shape(self.label_set)), np.nan)


def sidecar(table: pathlib.Path) -> pathlib.Path:
    """The file beside a table that holds its schema."""
    return table.with_suffix(".schema.json")


def write_schema(schema: Schema, table: pathlib.Path) -> None:
    """Writes the schema beside the table."""
    content = {"schema_version": VERSION, **dataclasses.asdict(schema), "columns": schema.columns}
    with open_atomically(sidecar(table)) as file:
        json.dump(content, file, indent=2)
        file.write("\n")


def read_schema(table: pathlib.Path) -> Schema:
    """The schema beside a table; ValueError where it is missing, of another version, or damaged."""
    path = sidecar(table)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: it says what the columns of {table.name} mean; {AGAIN}") from None
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); {AGAIN}") from None
    found = content.get("schema_version") if isinstance(content, Mapping) else None
    if found != VERSION:
        raise ValueError(f"{path} has schema_version {found}, and this version of affect_jax reads {VERSION}; {AGAIN}")
    return _schema(path, content)


def _schema(path: pathlib.Path, content: Mapping[str, Any]) -> Schema:
    fields = {field.name for field in dataclasses.fields(Schema)}
    entries = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
    try:
        schema = Schema(**{name: value for name, value in entries.items() if name in fields})
        columns = schema.columns
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}); {AGAIN}") from None
    if columns != entries.get("columns"):
        raise ValueError(
            f"{path} names the columns {', '.join(entries.get('columns', ()))}, but its quantities have "
            f"{', '.join(columns)}; the file was changed by hand"
        )
    return schema
