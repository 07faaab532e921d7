"""Rows as a data frame of polars, by way of the table that `launch.predict` writes, so that both are the same."""

import pathlib
import tempfile
from collections.abc import Iterator

from affect_jax.predict.estimate import Sighting
from affect_jax.predict.sinks.plain_table import PlainTable
from affect_jax.tables.frames import read_frame
from affect_jax.tables.schema import Schema


def collect(sightings: Iterator[Sighting], schema: Schema) -> "polars.DataFrame":
    """The table of all rows; while they arrive, they wait in a temporary file, which is removed in any case."""
    with tempfile.TemporaryDirectory(prefix="affect_jax_") as folder:
        path = pathlib.Path(folder) / "predictions.csv"
        with PlainTable(path, schema) as table:
            for frame, rows in sightings:
                table.write(frame, rows)
        return read_frame(path)
