"""predictions.csv: written whole or not at all, and read back."""

import csv
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from affect_jax.evaluate.rows import Rows
from affect_jax.files.atomic import replacing
from affect_jax.quantities.registry import QUANTITIES, quantity
from affect_jax.types import Label, Labels

KEYS = ("name", "subject", "clip", "frame", "time_seconds")


def write_table(rows: Rows, path: pathlib.Path) -> None:
    """One line a face or frame; unknown labels are empty cells."""
    columns: dict[str, Sequence[Any]] = {key: getattr(rows, key) for key in KEYS}
    for name, values in rows.values.items():
        columns |= quantity(name).cells(values, rows.label_set)
        if name in rows.labels:
            columns |= quantity(name).label_cells(rows.labels[name], rows.label_set)
    with replacing(path) as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in range(len(rows)):
            writer.writerow([_cell(column[row]) for column in columns.values()])


def read_table(path: pathlib.Path, label_set: str, crop_px: int) -> Rows:
    """The rows of `write_table`; ValueError names file and row where they are not."""
    text = _read_text(path)
    header, length = tuple(text), len(text["name"])
    values, labels = {}, {}
    for name, each in QUANTITIES.items():
        if set(each.columns(label_set)) <= set(header):
            numbers = {column: _read(path, column, text[column], _number) for column in each.columns(label_set)}
            values[name] = each.values(numbers, label_set) if length else np.zeros((0, *each.label_shape(label_set)))
            if set(each.label_columns(label_set)) <= set(header):
                labels[name] = _read_label(path, name, text, label_set)
    return Rows(
        label_set=label_set,
        crop_px=crop_px,
        name=text["name"],
        subject=text["subject"],
        clip=text["clip"],
        frame=_read(path, "frame", text["frame"], int).astype(int),
        time_seconds=_read(path, "time_seconds", text["time_seconds"], float),
        values=values,
        labels=Labels(**labels),
    )


def _read_text(path: pathlib.Path) -> dict[str, tuple[str, ...]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = tuple(next(reader, ()))
        if header[: len(KEYS)] != KEYS:
            raise ValueError(
                f"{path}, row 1: expected the columns {', '.join(KEYS)} first, found {', '.join(header[: len(KEYS)])}"
            )
        lines = list(reader)
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise ValueError(
                f"{path}, row {number}: {len(line)} cells, expected {len(header)}; the file may be cut off"
            )
    return dict(zip(header, zip(*lines, strict=True), strict=True)) if lines else {column: () for column in header}


def _read_label(path: pathlib.Path, name: str, text: Mapping[str, Sequence[str]], label_set: str) -> Label:
    each, columns = quantity(name), quantity(name).label_columns(label_set)
    for row in range(len(text["name"])):  # one by one first, so that a wrong cell is named
        try:
            each.read_label({column: text[column][row : row + 1] for column in columns}, label_set)
        except (ValueError, KeyError):
            cells = ", ".join(f"{column} is '{text[column][row][:20]}'" for column in columns)
            raise ValueError(f"{path}, row {row + 2}: {cells}; the file was changed by hand") from None
    return each.read_label(text, label_set)


def _read(path: pathlib.Path, name: str, cells: Sequence[str], kind: Callable[[str], int | float]) -> np.ndarray:
    """Cells of a column as numbers; ValueError names the row of the first that is not one."""
    found = []
    for row, cell in enumerate(cells, start=2):
        try:
            found.append(kind(cell))
        except ValueError:
            raise ValueError(f"{path}, row {row}: {name} is '{cell[:20]}'; the file was changed by hand") from None
    return np.array(found, np.float64)


def _number(cell: str) -> float:
    return float(cell) if cell else float("nan")


def _cell(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return value
