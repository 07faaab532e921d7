"""Any table by the names of its columns, whichever they are: of predictions, of labels, of other programs."""

import pathlib
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

PARQUET = ".parquet"
LONGEST_REASON = 100  # characters


def read_columns(path: pathlib.Path, text: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Reads a CSV or Parquet file; ValueError if it is none.

    Columns are float64, with NaN for empty cells; those of `text`, and others with a cell that is no number, are texts.
    """
    read = pyarrow.parquet.read_table if path.suffix == PARQUET else _read_csv
    try:
        table = read(path)
    except pa.ArrowInvalid as error:
        # Arrow repeats the whole line, of whatever file it is.
        reason = "".join(character if character.isprintable() else "?" for character in str(error))[:LONGEST_REASON]
        raise ValueError(f"{path} is no table ({reason}); the file may be cut off or was changed by hand") from error
    names = [name.strip() for name in table.column_names]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{path} has several columns '{twice[0]}'; the file was changed by hand")
    return {name: _column(column, name in text) for name, column in zip(names, table.columns, strict=True)}


def _read_csv(path: pathlib.Path) -> pa.Table:
    """All cells as bytes: names of files may be no UTF-8, and only the reader of a column knows what it holds."""
    parsing = pyarrow.csv.ParseOptions(newlines_in_values=True)
    with pyarrow.csv.open_csv(path, parse_options=parsing) as reader:
        names = reader.schema.names
    conversion = pyarrow.csv.ConvertOptions(column_types={name: pa.binary() for name in names})
    return pyarrow.csv.read_csv(path, parse_options=parsing, convert_options=conversion)


def _column(column: pa.ChunkedArray, is_text: bool) -> np.ndarray:
    numbers = None if is_text else _numbers(column)
    if numbers is not None:
        return numbers
    return np.array([_decode(cell) for cell in column.to_pylist()], str)


def _numbers(column: pa.ChunkedArray) -> np.ndarray | None:
    """The cells as numbers; None if one is none."""
    try:
        if pa.types.is_binary(column.type):
            column = column.cast(pa.string())
            column = pyarrow.compute.if_else(pyarrow.compute.equal(column, ""), None, column)
        return column.cast(pa.float64()).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _decode(cell: object) -> str:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogateescape")
    return "" if cell is None else str(cell)
