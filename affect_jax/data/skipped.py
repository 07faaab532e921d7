"""Unusable rows: counted by reason, listed in a file, and limited in number."""

import collections
import csv
import os
import pathlib

from absl import logging

from affect_jax.files.atomic import open_atomically

COLUMNS = ("path", "row", "reason")


class RowFault(Exception):
    """An unusable row; `reason` is short and identical for all rows with the same fault."""

    def __init__(self, reason: str, details: str):
        super().__init__(f"{reason}: {details}")
        self.reason = reason


class SkippedRows:
    """The rows skipped by one reader or loader.

    `faults` (corrupt files, invalid labels) count toward `limit`, a fraction of all rows; `left_out` rows are excluded
    by the data set itself ("not a face") and only listed. An empty `csv_path` writes no file. With `strict`, the first
    fault raises.
    """

    def __init__(self, where: str, limit: float, csv_path: str = "", strict: bool = False):
        self.where, self.limit, self.csv_path, self.strict = where, limit, csv_path, strict
        self.faults: list[tuple[str, int, str]] = []
        self.left_out: list[tuple[str, int, str]] = []
        self.kinds: dict[str, str] = {}  # reasons of detailed faults
        self.first = ""  # the first fault, with what was found and expected

    def refuse(self, path: str, row: int, fault: RowFault, detailed: bool = False) -> None:
        """Records an unusable row; if strict, raises ValueError with the details instead.

        `detailed` also lists the details: for few large things (recordings), whose fault may be a line of another file.
        """
        if self.strict:
            raise ValueError(f"{self.where}, row {row}: {fault}") from fault
        self.first = self.first or f"row {row}: {fault}"
        if detailed:
            self.kinds[str(fault)] = fault.reason
        self.faults.append((path, row, str(fault) if detailed else fault.reason))

    def counts(self) -> dict[str, int]:
        """Counts rows by reason, most frequent first."""
        reasons = [self.kinds.get(reason, reason) for *_, reason in self.faults + self.left_out]
        return dict(collections.Counter(reasons).most_common())

    def finish(self, total: int) -> None:
        """Writes and logs the rows skipped out of `total`; ValueError if there are too many faults."""
        rows = self.faults + self.left_out
        if rows:
            self.write()
            reasons = _format_counts(self.counts())
            logging.warning("%s: skipped %d of %d rows: %s (%s)", self.where, len(rows), total, reasons, self._place())
        self.check(total)

    def write(self) -> None:
        """Appends the rows to `csv_path`."""
        if self.csv_path:
            add_rows(self.csv_path, self.faults + self.left_out)

    def check(self, total: int) -> None:
        """ValueError if the faults exceed `limit` times `total` rows."""
        if len(self.faults) > self.limit * total:
            reasons = collections.Counter(self.kinds.get(reason, reason) for *_, reason in self.faults)
            first = f" The first is {self.first}." if self.first else ""
            raise ValueError(
                f"{self.where}: {len(self.faults)} of {total} rows ({len(self.faults) / total:.1%}) are unusable: "
                f"{_format_counts(reasons)}; at most {self.limit:.1%} is allowed.{first} The rows are {self._place()}. "
                "Fix them, or raise max_skipped_fraction"
            )

    def _place(self) -> str:
        return f"listed in {self.csv_path}" if self.csv_path else "not listed: set skipped_csv to get a list"


def _format_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} x {reason}" for reason, count in sorted(counts.items(), key=lambda item: -item[1]))


def add_rows(path: str | os.PathLike, rows: list[tuple[str, int, str]]) -> None:
    """Merges rows into a skipped.csv, sorted and without duplicates; readers may share the file. Atomic."""
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
