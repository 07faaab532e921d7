"""Rows that cannot be used: counted by reason, listed in a file, and too many of them stop the run."""

import collections
import csv
import os
import pathlib

from absl import logging

from affect_jax.files.atomic import open_atomically

COLUMNS = ("path", "row", "reason")


class RowFault(Exception):
    """A row that cannot be used; `reason` is short and the same for all rows of its kind."""

    def __init__(self, reason: str, details: str):
        super().__init__(f"{reason}: {details}")
        self.reason = reason


class SkippedRows:
    """The rows that one reader or loader left out.

    `faults` (broken files, invalid labels) count towards `limit`, a fraction of all rows; `left_out` rows are as the
    data set means them to be ("not a face"), and are only listed. `csv_path` "" writes no file. With `strict` the
    first fault raises.
    """

    def __init__(self, where: str, limit: float, csv_path: str = "", strict: bool = False):
        self.where, self.limit, self.csv_path, self.strict = where, limit, csv_path, strict
        self.faults: list[tuple[str, int, str]] = []
        self.left_out: list[tuple[str, int, str]] = []

    def refuse(self, path: str, row: int, fault: RowFault) -> None:
        """Counts an unusable row; ValueError with all that is wrong with it when strict."""
        if self.strict:
            raise ValueError(f"{self.where}, row {row}: {fault}") from fault
        self.faults.append((path, row, fault.reason))

    def counts(self) -> dict[str, int]:
        """Rows by reason, the most frequent first."""
        return dict(collections.Counter(reason for *_, reason in self.faults + self.left_out).most_common())

    def finish(self, total: int) -> None:
        """Writes and logs what was skipped among `total` rows; ValueError when the faults are too many."""
        rows = self.faults + self.left_out
        if rows:
            self.write()
            reasons = _listed(self.counts())
            logging.warning("%s: skipped %d of %d rows: %s (%s)", self.where, len(rows), total, reasons, self._place())
        self.check(total)

    def write(self) -> None:
        """Adds the rows to `csv_path`."""
        if self.csv_path:
            add_rows(self.csv_path, self.faults + self.left_out)

    def check(self, total: int) -> None:
        """ValueError when the faults are more than `limit` of `total` rows."""
        if len(self.faults) > self.limit * total:
            reasons = collections.Counter(reason for *_, reason in self.faults)
            raise ValueError(
                f"{self.where}: {len(self.faults)} of {total} rows ({len(self.faults) / total:.1%}) are unusable: "
                f"{_listed(reasons)}; allowed is {self.limit:.1%}. The rows are {self._place()}. "
                "Repair them, or raise max_skipped_fraction"
            )

    def _place(self) -> str:
        return f"listed in {self.csv_path}" if self.csv_path else "not listed: set skipped_csv to get a list"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} x {reason}" for reason, count in sorted(counts.items(), key=lambda item: -item[1]))


def add_rows(path: str | os.PathLike, rows: list[tuple[str, int, str]]) -> None:
    """Adds rows to a skipped.csv, each once, sorted; another reader may have written it before. Atomic."""
    path = pathlib.Path(path)
    known = set(rows)
    if path.exists():
        with open(path, newline="", encoding="utf-8") as file:
            known |= {(row["path"], int(row["row"]), row["reason"]) for row in csv.DictReader(file)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_atomically(path) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(sorted(known))
