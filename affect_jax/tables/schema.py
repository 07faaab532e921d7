"""The meaning of a table's columns, in a JSON file next to it: `predictions.schema.json` for `predictions.csv`."""

import dataclasses
import functools
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from affect_jax.files.atomic import open_atomically
from affect_jax.quantities.quantity import TEXT
from affect_jax.quantities.registry import in_order
from affect_jax.tables.groups import GROUPS, require_groups
from affect_jax.tables.groups import UNITS as GROUP_UNITS

VERSION = 2  # incremented whenever older code would misread newer tables
READ_VERSIONS = (1, 2)  # 1 has no `quality`, and a number of a face where there is none
AGAIN = "run launch.evaluate or launch.predict again"  # the advice for a table that cannot be read
KEYS = ("source", "subject", "clip", "frame", "face", "time_seconds")
SUCCESS = "success"  # 1 if there is a face
BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")  # px; score in [0, 1]
QUALITY = "quality"  # of the face for measuring, in [0, 1]
INDEX, FLAG = "index", "0 or 1"  # units of whole numbers
UNITS = {
    **dict.fromkeys(KEYS[:3], TEXT),
    **dict.fromkeys(("frame", "face"), INDEX),
    "time_seconds": "s",
    SUCCESS: FLAG,
    **dict.fromkeys(BOX[:4], "px"),
    BOX[4]: "1",
    QUALITY: "1",
}


@dataclasses.dataclass(frozen=True)
class Schema:
    """The columns of a table and where its predictions come from."""

    model: str  # the workdir and its step: "clip@200"
    crop: str  # rule and parameters of the crop
    crop_px: int  # side of the crops; landmarks are in crop pixels
    label_set: str  # of emotions
    quantities: tuple[str, ...]  # predicted quantities
    labeled: tuple[str, ...] = ()  # predicted quantities that also have label columns
    boxes: bool = False  # whether the box of the face, its score and its quality have columns
    include: tuple[str, ...] = ()  # optional groups of columns; see `tables/groups.py`
    network_sha256: str = ""  # digest of the network's weights (`personal.digest`); "" in tables of earlier versions
    version: int = VERSION

    def __post_init__(self):
        require_groups(self.include)

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        """The header: keys, box, each quantity with its label, then the optional groups."""
        return tuple(self.units)

    @functools.cached_property
    def units(self) -> dict[str, str]:
        """The unit of each column: "s", "px", "1" (none), "index", "0 or 1", or "text"."""
        names = [*KEYS, SUCCESS]
        if self.boxes:
            names += BOX
            names += [QUALITY] if self.version > 1 else []
        found = {name: UNITS[name] for name in names}
        for each in in_order(self.quantities):
            units = each.units(self.label_set)
            found |= {name: units[name] for name in each.cells(self.missing(each.name), self.label_set)}
            if each.name in self.labeled:
                found |= {name: units[name] for name in each.label_columns(self.label_set)}
        for name, columns in self.groups.items():
            if columns[0] in found:
                raise ValueError(f"include={name} would repeat the column {columns[0]}, which a quantity has; drop it")
            found |= dict.fromkeys(columns, GROUP_UNITS[name])
        return found

    @functools.cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The columns of each optional group, in the order of the table."""
        return {name: columns for name, columns in GROUPS.items() if name in self.include}

    def missing(self, quantity: str) -> np.ndarray:
        """The value of one row without a face: NaN."""
        (each,) = in_order([quantity])
        return np.full((1, *each.label_shape(self.label_set)), np.nan)


def sidecar(table: pathlib.Path) -> pathlib.Path:
    """Path of the file with the schema of a table."""
    return table.with_suffix(".schema.json")


def write_schema(schema: Schema, table: pathlib.Path, recording: Mapping[str, Any] | None = None) -> None:
    """Writes the schema next to its table, with facts about the recording that are in no column."""
    fields = dataclasses.asdict(schema)
    content = {"schema_version": fields.pop("version"), **fields, "columns": schema.columns, "units": schema.units}
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
    if found not in READ_VERSIONS:
        known = " and ".join(map(str, READ_VERSIONS))
        raise ValueError(f"{path} has schema_version {found}, but this version of affect_jax reads {known}; {AGAIN}")
    return _schema(path, content, found)


def read_facts(table: pathlib.Path) -> Mapping[str, Any]:
    """Everything that stands in the schema of a table, as written: also facts that are no column, by name."""
    read_schema(table)
    return json.loads(sidecar(table).read_text(encoding="utf-8"))


def _schema(path: pathlib.Path, content: Mapping[str, Any], version: int) -> Schema:
    fields = {field.name for field in dataclasses.fields(Schema)} - {"version"}
    entries = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
    try:
        schema = Schema(**{name: value for name, value in entries.items() if name in fields}, version=version)
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
