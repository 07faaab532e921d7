"""The files of RECOLA's labels: gold standards of AVEC in ARFF, and tables with one column per annotator."""

import csv
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from absl import logging

from affect_jax.data.readers.lists import ListFile
from affect_jax.data.readers.traces import Trace, read_trace
from affect_jax.data.skipped import SkippedRows
from affect_jax.files.delimited import read_lines

ARFF_TIME, ARFF_VALUE, CSV_TIME = "frameTime", "GoldStandard", "time"
ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+\S+", re.IGNORECASE)


class Ratings(NamedTuple):
    """The labels of one recording and dimension."""

    trace: Trace
    rows: int  # of the file
    raters: tuple[str, ...]  # () for a gold standard


def read_ratings(path: pathlib.Path, rater: str, skipped: SkippedRows) -> Ratings:
    """Reads the gold standard of an ARFF file, or the mean or one column of a ratings table."""
    if path.suffix == ".arff":
        return Ratings(*read_trace(ArffLines(path), ARFF_TIME, [ARFF_VALUE], skipped), ())
    lines = ListFile(path, (CSV_TIME,), delimiter=";")
    next(iter(lines), None)
    raters = tuple(column for column in lines.columns if column not in (CSV_TIME, ""))
    if not raters:
        raise ValueError(f"{path} has no rating columns: its columns are {', '.join(lines.columns)}")
    if rater and rater not in raters:
        raise ValueError(f"{path} has no annotator '{rater}'; choose one of {', '.join(raters)}, or '' for the mean")
    trace, rows = read_trace(lines, CSV_TIME, [rater] if rater else raters, skipped)
    mean = trace.values.mean(1, keepdims=True, dtype=np.float64).astype(np.float32)
    return Ratings(trace._replace(values=mean), rows, raters)


def warn_of_missing_raters(raters: Mapping[pathlib.Path, tuple[str, ...]]) -> None:
    """Warns if the labels of some recordings are the mean of fewer annotators than those of others."""
    every = set().union(*raters.values())
    for path, present in raters.items():
        if missing := sorted(every - set(present)):
            logging.warning(
                "%s has no ratings by %s, which other recordings have: its labels are the mean of %s",
                *(path, ", ".join(missing), ", ".join(present)),
            )


class ArffLines(ListFile):
    """An ARFF file, read like a list with a header."""

    def __init__(self, path: pathlib.Path):
        super().__init__(path, (ARFF_TIME, ARFF_VALUE))

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        self.columns = []
        data = False
        for number, text in read_lines(self.path):
            if text.startswith("%"):
                continue
            if data:
                yield number, self._cells(number, text)
            elif match := ATTRIBUTE.match(text):
                self.columns.append(match[1].strip("'\""))
            elif data := text.lower() == "@data":
                self._check_attributes(number)
        if not data:
            raise ValueError(f"{self.path} has no @data; is it a complete ARFF file?")

    def _cells(self, number: int, text: str) -> list[str]:
        try:
            return next(csv.reader([text], quotechar="'", skipinitialspace=True))
        except csv.Error as error:
            raise ValueError(f"{self.path}, row {number}: {error}; expected values separated by commas") from error

    def _check_attributes(self, number: int) -> None:
        if missing := [name for name in self.required if name not in self.columns]:
            raise ValueError(
                f"{self.path}, row {number}: attribute {', '.join(missing)} is missing; "
                f"it has {', '.join(self.columns)}, expected {', '.join(self.required)}"
            )
