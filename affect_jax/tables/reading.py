"""Reads tables from CSV; errors name the file, row and column."""

import csv
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import in_order
from affect_jax.tables.rows import Rows
from affect_jax.tables.schema import BOX, SUCCESS, Schema, read_schema
from affect_jax.tables.writing import ENCODING
from affect_jax.types import Label, Labels

LARGEST_INDEX = 2**53  # whole numbers up to this are exact as floats
Text = Mapping[str, Sequence[str]]  # cells by column


def read_rows(path: pathlib.Path) -> Rows:
    """Reads a table; ValueError names the file and the row that is wrong."""
    schema = read_schema(path)
    text = _read_text(path, schema)
    number = lambda name, kind=float: _numbers(path, name, text[name], kind)
    labels = {each.name: _label(path, each, text, schema) for each in in_order(schema.labeled)}
    return Rows(
        label_set=schema.label_set,
        crop_px=schema.crop_px,
        source=tuple(text["source"]),
        subject=tuple(text["subject"]),
        clip=tuple(text["clip"]),
        frame=number("frame", _index).astype(int),
        face=number("face", _index).astype(int),
        time_seconds=number("time_seconds", _finite),
        values={each.name: _values(path, each, text, schema) for each in in_order(schema.quantities)},
        labels=Labels(**labels),
        success=number(SUCCESS, _index).astype(bool),
        boxes=np.stack([number(name, _known) for name in BOX], -1) if schema.boxes else None,
    )


def _read_text(path: pathlib.Path, schema: Schema) -> Text:
    with path.open(**ENCODING) as file:
        reader = csv.reader(file)
        header = _read_header(path, reader)
        if header != schema.columns:
            raise ValueError(
                f"{path}, row 1: expected the columns {', '.join(schema.columns)}, found {', '.join(header)[:300]}"
            )
        try:
            lines = list(reader)
        except csv.Error as error:
            raise ValueError(f"{path}, row {reader.line_num}: {error}; the file was changed by hand") from error
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise ValueError(
                f"{path}, row {number}: {len(line)} cells, expected {len(header)}; the file may be cut off"
            )
    if not lines:
        return {column: () for column in header}
    return dict(zip(header, zip(*lines, strict=True), strict=True))


def _read_header(path: pathlib.Path, reader: Iterator[list[str]]) -> tuple[str, ...]:
    try:
        return tuple(next(reader, ()))
    except csv.Error as error:
        raise ValueError(f"{path}, row 1: {error}; the file was changed by hand") from error


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
