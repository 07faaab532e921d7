"""A table that is written once and never continued: of a live session, or on its way to a data frame."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.table import arguments_of
from affect_jax.predict.sources import Frame
from affect_jax.tables.schema import Schema, sidecar
from affect_jax.tables.writing import RowWriter


class PlainTable:
    """A CSV file and its schema; after an error, a part file with the rows so far remains."""

    needs_images = False

    def __init__(self, path: pathlib.Path, schema: Schema, facts: Callable[[], Mapping[str, Any]] = dict):
        """`facts` about the recording are asked for when it is complete."""
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._path = path
        self._schema = schema
        self._facts = facts

    def __enter__(self) -> "PlainTable":
        self._writer = RowWriter(self._path, self._schema)
        return self

    def write(self, frame: Frame, rows: Sequence[Row]) -> None:
        """Appends and flushes the rows of a frame."""
        del frame
        for row in rows:
            arguments, more = arguments_of(row)
            self._writer.write(*arguments, **more)

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self._writer.close(self._facts())
            self.files += [self._path, sidecar(self._path)]
        else:
            self._writer.stop()
