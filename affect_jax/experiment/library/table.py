"""Rows as a data frame of polars, by way of the table that `launch.predict` writes, so that both are the same."""

import os
import pathlib
import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING

from affect_jax.predict.account import Account
from affect_jax.predict.estimate import make_schema
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.table import Table
from affect_jax.predict.sources import Frame
from affect_jax.tables.frames import read_frame

if TYPE_CHECKING:
    import polars


def collect(predictor: Predictor, rows: Iterable[tuple[Frame, Row]], whole_frame: bool) -> "polars.DataFrame":
    """The table of all rows; while they arrive, they wait in a temporary file, which is removed in any case."""
    with tempfile.TemporaryDirectory(prefix="affect_jax_") as folder:
        path = pathlib.Path(folder) / "predictions.csv"
        with Table(path, make_schema(predictor, whole_frame), Account("")) as table:
            for frame, row in rows:
                table.write(frame, row)
        return read_frame(path)


def read_table(table: "str | os.PathLike | polars.DataFrame") -> "polars.DataFrame":
    """A table by its path or as it is; a CSV file without a schema beside it is read as it stands."""
