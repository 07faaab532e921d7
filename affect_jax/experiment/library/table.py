"""Rows as a data frame of polars, by way of the table that `launch.predict` writes, so that both are the same."""

import os
import pathlib
import tempfile
from collections.abc import Iterator

from affect_jax.files.paths import expand_home
from affect_jax.predict.estimate import Sighting
from affect_jax.predict.sinks.plain_table import PlainTable
from affect_jax.tables.cells import PARQUET
from affect_jax.tables.frames import read_frame
from affect_jax.tables.schema import Schema, sidecar


def collect(sightings: Iterator[Sighting], schema: Schema) -> "polars.DataFrame":
    """The table of all rows; while they arrive, they wait in a temporary file, which is removed in any case."""
    with tempfile.TemporaryDirectory(prefix="affect_jax_") as folder:
        path = pathlib.Path(folder) / "predictions.csv"
        with PlainTable(path, schema) as table:
            for frame, rows in sightings:
                table.write(frame, rows)
        return read_frame(path)


def read_table(table: "str | os.PathLike | polars.DataFrame") -> "polars.DataFrame":
    """A table as it is, or from a file: CSV or Parquet, with or without a schema beside it.

    FileNotFoundError, or ValueError for a file that is no table and for what is no data frame of polars.
    """
    import polars

    if isinstance(table, polars.DataFrame):
        return table
    if not isinstance(table, str | os.PathLike):
        raise ValueError(
            f"the table is a {type(table).__name__}; expected a path or a polars.DataFrame, as polars.from_pandas "
            "makes of one of pandas"
        )
    path = pathlib.Path(expand_home(os.fspath(table)))
    if not path.is_file():
        raise FileNotFoundError(f"no table at {path}")
    if sidecar(path).is_file():
        return read_frame(path)
    try:
        if path.suffix == PARQUET:
            return polars.read_parquet(path, glob=False)
        return polars.read_csv(path, infer_schema_length=None, encoding="utf8-lossy", glob=False)
    except polars.exceptions.PolarsError as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error
