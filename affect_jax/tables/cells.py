"""The cells of a table as text, by column, from CSV or Parquet."""

import csv
import pathlib
from collections.abc import Iterator, Mapping, Sequence

from affect_jax.tables.schema import Schema
from affect_jax.tables.writing import ENCODING

PARQUET = ".parquet"
Text = Mapping[str, Sequence[str]]  # cells by column; "" if missing


def read_cells(path: pathlib.Path, schema: Schema) -> Text:
    """Reads a table; ValueError if its columns are not those of the schema, or if it is damaged."""
    return _read_parquet(path, schema) if path.suffix == PARQUET else _read_csv(path, schema)


def _read_parquet(path: pathlib.Path, schema: Schema) -> Text:
    frame = scan_parquet(path, schema).collect()
    return {name: ["" if cell is None else str(cell) for cell in frame[name].to_list()] for name in frame.columns}


def scan_parquet(path: pathlib.Path, schema: Schema) -> "polars.LazyFrame":
    """A Parquet table that is read when it is used; errors as in `read_cells`."""
    import polars

    frame = polars.scan_parquet(path, glob=False)
    try:
        columns = frame.collect_schema().names()
    except polars.exceptions.PolarsError as error:
        raise ValueError(f"{path} is not Parquet ({error}); is it truncated?") from error
    require_columns(path, tuple(columns), schema)
    return frame


def _read_csv(path: pathlib.Path, schema: Schema) -> Text:
    with path.open(**ENCODING) as file:
        reader = csv.reader(file)
        header = _header(path, reader)
        require_columns(path, header, schema)
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


def require_columns(path: pathlib.Path, header: tuple[str, ...], schema: Schema) -> None:
    """ValueError if a table has other columns than its schema says."""
    if header != schema.columns:
        raise ValueError(
            f"{path}, row 1: expected the columns {', '.join(schema.columns)}, found {', '.join(header)[:300]}"
        )


def read_header(path: pathlib.Path) -> tuple[str, ...]:
    """The first row of a CSV file; ValueError if it is not CSV."""
    with path.open(**ENCODING) as file:
        return _header(path, csv.reader(file))


def _header(path: pathlib.Path, reader: Iterator[list[str]]) -> tuple[str, ...]:
    try:
        return tuple(next(reader, ()))
    except csv.Error as error:
        raise ValueError(f"{path}, row 1: {error}; the file was changed by hand") from error
