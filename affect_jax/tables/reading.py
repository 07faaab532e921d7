"""Reads tables from CSV or Parquet; errors name the file, row and column."""

import pathlib
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Int

from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import in_order
from affect_jax.tables.cells import Text, read_cells
from affect_jax.tables.rows import NO_FACE, Rows
from affect_jax.tables.schema import BOX, QUALITY, SUCCESS, Schema, read_schema
from affect_jax.types import Label, Labels

LARGEST_INDEX = 2**53  # whole numbers up to this are exact as floats


def read_rows(path: pathlib.Path) -> Rows:
    """Reads a table; ValueError names the file and the row that is wrong."""
    schema = read_schema(path)
    text = read_cells(path, schema)
    number = lambda name, kind=float: _numbers(path, name, text[name], kind)
    success = number(SUCCESS, _index).astype(bool)
    face = _faces(path, text["face"], success)
    labels = {each.name: _label(path, each, text, schema) for each in in_order(schema.labeled)}
    return Rows(
        label_set=schema.label_set,
        crop_px=schema.crop_px,
        source=tuple(text["source"]),
        subject=tuple(text["subject"]),
        clip=tuple(text["clip"]),
        frame=number("frame", _index).astype(int),
        face=face,
        time_seconds=number("time_seconds", _finite),
        values={each.name: _values(path, each, text, schema) for each in in_order(schema.quantities)},
        labels=Labels(**labels),
        success=success,
        boxes=np.stack([number(name, _known) for name in BOX], -1) if schema.boxes else None,
        quality=number(QUALITY, _known) if QUALITY in schema.columns else None,
        included={
            name: np.stack([number(column, _known) for column in columns], -1)
            for name, columns in schema.groups.items()
        },
    )


def _values(path: pathlib.Path, each: Quantity, text: Text, schema: Schema) -> np.ndarray:
    numbers = {column: _numbers(path, column, text[column], _known) for column in each.columns(schema.label_set)}
    if not len(text["source"]):
        return np.zeros((0, *each.label_shape(schema.label_set)))
    return each.values(numbers, schema.label_set)


def _label(path: pathlib.Path, each: Quantity, text: Text, schema: Schema) -> Label:
    columns = each.label_columns(schema.label_set)
    for row in range(len(text["source"])):  # first row by row, so that the error can name the cell
        try:
            each.read_label({column: text[column][row : row + 1] for column in columns}, schema.label_set)
        except (ValueError, KeyError):
            cells = ", ".join(f"{column} is '{text[column][row][:20]}'" for column in columns)
            raise ValueError(f"{path}, row {row + 2}: {cells}; the file was changed by hand") from None
    return each.read_label(text, schema.label_set)


def _faces(path: pathlib.Path, cells: Sequence[str], success: Bool[np.ndarray, "row"]) -> Int[np.ndarray, "row"]:
    """The number of the face in each row; older tables have one even where there is no face."""
    numbers = _numbers(path, "face", cells, lambda cell: _index(cell) if cell else np.nan)
    if (unknown := success & np.isnan(numbers)).any():
        row = int(unknown.argmax()) + 2
        raise ValueError(f"{path}, row {row}: face is '', though success is 1; the file was changed by hand")
    return np.where(success, numbers, NO_FACE).astype(int)


def _numbers(path: pathlib.Path, name: str, cells: Sequence[str], kind: Callable[[str], float]) -> np.ndarray:
    """The cells of a column as numbers; ValueError names the first row that is not a number."""
    found = []
    for row, cell in enumerate(cells, start=2):
        try:
            found.append(kind(cell))
        except ValueError:
            raise ValueError(f"{path}, row {row}: {name} is '{cell[:20]}'; the file was changed by hand") from None
    return np.array(found, np.float64)


def _index(cell: str) -> int:
    value = int(cell)
    if abs(value) > LARGEST_INDEX:
        raise ValueError(f"{cell} is no index")
    return value


def _known(cell: str) -> float:
    return _finite(cell) if cell else np.nan


def _finite(cell: str) -> float:
    value = float(cell)
    if not np.isfinite(value):
        raise ValueError(f"{cell} is not finite")
    return value
