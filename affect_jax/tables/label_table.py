"""Tables of labels that were made elsewhere: by hand, in a spreadsheet, or by other programs."""

import math
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from affect_jax.emotions import canonical_name
from affect_jax.files.delimited import read_delimited, to_number
from affect_jax.files.paths import expand_home
from affect_jax.quantities.quantity import TEXT
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.tables.cells import PARQUET
from affect_jax.tables.frames import read_table
from affect_jax.tables.schema import INDEX, UNITS

ANY_SET = "affectnet_8"  # the columns of labels do not depend on the label set
PREFIX = "label_"  # of the columns of labels
LABELS = {
    name: each.units(ANY_SET)[name]
    for each in QUANTITIES.values()
    if not each.located
    for name in each.label_columns(ANY_SET)
}
KINDS = {name: UNITS[name] for name in ("source", "frame", "face", "time_seconds")} | LABELS
NAMES = (*KINDS, *(name.removeprefix(PREFIX) for name in LABELS))
MOST_INDEX = 2**53  # from here on, not every whole number is a float
EXAMPLE = ", ".join(["frame", *(name.removeprefix(PREFIX) for name in [*LABELS][:2])])
SHOWN_CHARACTERS = 60


def read_labels(table: "str | os.PathLike | polars.DataFrame") -> "polars.DataFrame":
    """A table of labels: frame and face as whole numbers, and labels in columns label_..., null where unlabeled.

    Text files may be separated by commas, semicolons, tabs or bars; schemas do not count. FileNotFoundError; ValueError
    for a cell that is not what its column holds, by row and column, and for a table without a known column or rows.
    """
    if not isinstance(table, str | os.PathLike):
        frame = read_table(table)
        return _typed(frame, "the labels", range(frame.height))
    path = pathlib.Path(expand_home(os.fspath(table)))
    if path.suffix == PARQUET or not path.is_file():
        frame = read_table(path)
        return _typed(frame, str(path), range(2, frame.height + 2))
    frame, lines = _read_text(path)
    return _typed(frame, str(path), lines)


def _read_text(path: pathlib.Path) -> "tuple[polars.DataFrame, list[int]]":
    """The cells of a text file as text, and the line of each row."""
    import polars

    rows = read_delimited(path, NAMES)
    names = [_column(cell) for cell in next(rows, (0, []))[1]]
    if not set(names) & set(NAMES):
        shown = ascii(", ".join(names))[:SHOWN_CHARACTERS] if names else "missing"
        raise ValueError(f"{path}: expected a first row with names of columns, such as {EXAMPLE}; it is {shown}")
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{path} has two columns {repeated[0]}; remove or rename one of them")
    lines, cells = [], []
    for line, row in rows:
        if len(row) != len(names):
            listed = ", ".join(names)[:SHOWN_CHARACTERS]
            raise ValueError(f"{path}, row {line}: {len(row)} cells, expected {len(names)} ({listed})")
        lines.append(line)
        cells.append([cell.strip() or None for cell in row])
    if not cells:
        raise ValueError(f"{path} holds no labels: there is no row after the names of the columns")
    return polars.DataFrame(cells, dict.fromkeys(names, polars.String), orient="row"), lines


def _column(cell: str) -> str:
    name = cell.strip()
    return name.lower() if name.lower() in NAMES else name


def _typed(frame: "polars.DataFrame", place: str, lines: Sequence[int]) -> "polars.DataFrame":
    """The table with the names of label columns, and with numbers in the columns that hold numbers."""
    import polars

    short = {name.removeprefix(PREFIX): name for name in LABELS if name not in frame.columns}
    frame = frame.rename({old: new for old, new in short.items() if old in frame.columns})
    for name, kind in KINDS.items():
        if name not in frame.columns:
            continue
        cells = frame[name].to_list()
        if kind == TEXT:
            name_of = canonical_name if name in LABELS else str
            column = polars.Series(name, [cell and name_of(str(cell)) for cell in cells], polars.String)
        elif kind == INDEX:
            column = polars.Series(name, _numbers(cells, name, _whole, place, lines), polars.Int64)
        else:
            column = polars.Series(name, _numbers(cells, name, _finite, place, lines), polars.Float64)
        frame = frame.with_columns(column)
    return frame


def _numbers(
    cells: Sequence[Any], name: str, read: Callable[[float], float | int], place: str, lines: Sequence[int]
) -> list[float | int | None]:
    """The numbers of a column, None where they are missing; ValueError names the first cell that is none."""
    found = []
    for line, cell in zip(lines, cells, strict=True):
        try:
            number = math.nan if cell is None else to_number(str(cell))
            found.append(None if math.isnan(number) else read(number))
        except (TypeError, ValueError):
            expected = "a whole number" if read is _whole else "a number with a decimal point, such as 0.25"
            shown = name.removeprefix(PREFIX)
            raise ValueError(f"{place}, row {line}: {shown} is '{cell}'; expected {expected}") from None
    return found


def _whole(number: float) -> int:
    if number != round(_finite(number)) or abs(number) >= MOST_INDEX:
        raise ValueError
    return round(number)


def _finite(number: float) -> float:
    if math.isinf(number):
        raise ValueError
    return number
