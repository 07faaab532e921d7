"""The table of a recording: one row per decoded frame, written as frames arrive."""

import pathlib

from affect_jax.predict.account import Account
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame
from affect_jax.tables.schema import Schema, sidecar
from affect_jax.tables.writing import RowWriter


class Table:
    """A CSV file and its schema, which also holds the facts of an account.

    After an error, a part file with the rows so far remains; an incomplete file never gets the final name.
    """

    needs_images = False

    def __init__(self, path: pathlib.Path, schema: Schema, account: Account):
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._path = path
        self._schema = schema
        self._account = account

    def __enter__(self) -> "Table":
        self._writer = RowWriter(self._path, self._schema)
        return self

    def write(self, frame: Frame, row: Row) -> None:
        """Appends and flushes one row."""
        self._account.add(frame, row)
        keys = {"source": row.name, "frame": row.frame, "face": row.face, "time_seconds": row.time_seconds}
        box = None
        if row.values is not None and row.box is not None:
            box = [round(side, 2) for side in row.box]
            box.append(round(row.score, 6))
        self._writer.write(keys, row.values, box)

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self._writer.close(self._account.facts())
            self.files += [self._path, sidecar(self._path)]
        else:
            self._writer.abandon()
