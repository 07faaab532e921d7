"""The part file of a table: rows that are on disk although the recording has not been read to its end."""

import contextlib
import csv
import fcntl
import itertools
import os
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
from absl import logging

from affect_jax.files.locks import WITHOUT_LOCKS
from affect_jax.predict.journal import Journal
from affect_jax.predict.predictor import Values
from affect_jax.quantities.registry import in_order
from affect_jax.tables.schema import SUCCESS, Schema
from affect_jax.tables.writing import ENCODING, part_of


class Changed(ValueError):
    """A row that is found now is not the one that an earlier run wrote."""


class Part:
    """`<name>.csv.part`, a header and whole rows at any time, whatever ends the process.

    The rows of an earlier run of the same request are kept. `values` hands their values to the network's place, and
    `check` compares each row with that found now: decoding and face finding are repeated, the network is not.
    """

    def __init__(self, table: pathlib.Path, schema: Schema, journal: Journal):
        self.path = part_of(table)
        self.kept = 0  # rows of an earlier run
        self._schema = schema
        self._journal = journal
        self._lock: int | None = None

    def open(self) -> None:
        """Prepares the file for more rows; BlockingIOError as ValueError if another process writes it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._lock_file()
            size = os.fstat(self._lock).st_size
            reason = self._journal.difference() if size else ""
            stop, rows = _whole_rows(self.path)
            if reason or rows < 2:  # the header is one
                if reason:
                    logging.warning("%s is started over: %s", self.path, reason)
                os.truncate(self._lock, 0)
                self._journal.begin()
            else:
                os.truncate(self._lock, stop)
                self.kept = rows - 1
                logging.info("%s: continuing behind %d rows", self.path, self.kept)
        except BaseException:
            self.close()
            raise
        self._stored, self._compared = self._read_rows(), self._read_rows()

    def close(self) -> None:
        """Lets other processes write the file."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Removes the file and what it belongs to."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._journal.remove()

    def values(self) -> Values | None:
        """The values of the next kept row; None if it has no face, and behind the last."""
        cells = next(self._stored, None)
        if cells is None:
            return None
        row = dict(zip(self._schema.columns, cells, strict=False))
        if row.get(SUCCESS) != "1":
            return None
        found = {}
        for each in in_order(self._schema.quantities):
            names = each.columns(self._schema.label_set)
            try:
                columns = {name: np.array([float(row.get(name) or "nan")]) for name in names}
            except ValueError:  # edited by hand: the comparison says where
                return None
            found[each.name] = each.values(columns, self._schema.label_set)[0].astype(np.float32)
        return found

    def check(self, cells: Sequence[object]) -> None:
        """Compares a row with the next kept one; Changed if they differ."""
        before = next(self._compared)
        for column, old, new in zip(self._schema.columns, before, map(str, cells), strict=False):
            if old != new:
                raise Changed(f"{self.path}: {column} of a row is '{new[:40]}' now, but was '{old[:40]}'")
        if len(before) != len(cells):
            raise Changed(f"{self.path}: a row has {len(cells)} cells now, but had {len(before)}")

    def _lock_file(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"{self.path} is being written by another process; wait for it") from None
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise

    def _read_rows(self) -> Iterator[list[str]]:
        with self.path.open(**ENCODING) as file, contextlib.suppress(csv.Error):
            yield from itertools.islice(csv.reader(file), 1, 1 + self.kept)


def _whole_rows(path: pathlib.Path) -> tuple[int, int]:
    """The number of bytes and of rows up to the last complete row; cells in quotes may hold line ends."""
    size = stop = rows = quotes = 0
    with path.open("rb") as file:
        for line in file:
            size += len(line)
            quotes += line.count(b'"')
            if quotes % 2 == 0 and line.endswith(b"\n"):
                stop, rows = size, rows + 1
    return stop, rows
