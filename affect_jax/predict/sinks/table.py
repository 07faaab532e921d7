"""The table of a recording: a row for each face of each decoded frame, written as frames arrive."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from affect_jax.predict.account import Account
from affect_jax.predict.journal import Journal
from affect_jax.predict.part import Part
from affect_jax.predict.predictor import Values
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame
from affect_jax.tables.schema import Schema, sidecar
from affect_jax.tables.writing import RowWriter


class Table:
    """A CSV file and its schema, which also holds the facts of an account.

    After an error or a signal, a part file with the rows so far remains, and the same request goes on behind them; an
    incomplete file never gets the final name.
    """

    needs_images = False

    def __init__(self, path: pathlib.Path, schema: Schema, account: Account, journal: Journal):
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._path = path
        self._schema = schema
        self._account = account
        self._part = Part(path, schema, journal)

    def __enter__(self) -> "Table":
        self._part.open()
        self._rows = 0
        self._writer = RowWriter(self._path, self._schema, self._part.kept)
        return self

    def known(self) -> Values | None:
        """The values of the next row of an earlier run; None if they have to be computed."""
        return self._part.values()

    def write(self, frame: Frame, rows: Sequence[Row]) -> None:
        """Appends and flushes the rows of a frame; those that an earlier run wrote are compared."""
        self._account.add(frame, rows)
        for row in rows:
            arguments, more = arguments_of(row)
            if self._rows < self._part.kept:
                self._part.check(self._writer.cells(*arguments, **more))
            else:
                self._writer.write(*arguments, **more)
            self._rows += 1

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self._writer.close(self._account.facts())
            self._part.close()
            self.files += [self._path, sidecar(self._path)]
        elif self._writer.abandon():
            self._part.close()
        else:
            self._part.remove()


def arguments_of(row: Row) -> tuple[tuple, dict[str, Any]]:
    """The arguments with which a writer of tables writes a row."""
    quality = None if row.quality is None else round(row.quality, 6)
    more = {"quality": quality, "landmarks": row.landmarks, "blendshapes": row.blendshapes}
    return (_keys(row), row.values, _box(row)), {} if row.values is None else more


def _keys(row: Row) -> Mapping[str, Any]:
    face = "" if row.face is None else row.face
    keys = {"source": row.name, "frame": row.frame, "face": face, "time_seconds": row.time_seconds}
    return keys if row.person is None else {**keys, "subject": row.person.name}


def _box(row: Row) -> list[float] | None:
    if row.values is None or row.box is None:
        return None
    return [*(round(side, 2) for side in row.box), round(row.score, 6)]
