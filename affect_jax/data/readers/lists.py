"""Shared parts of list readers: options, CSV lists with a header, and tables of still images."""

import csv
import dataclasses
import os
import pathlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from jaxtyping import Float

from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import Table
from affect_jax.files import image_files
from affect_jax.types import Labels

READING_THREADS = 8  # overlaps the latency of network storage


@dataclasses.dataclass(frozen=True)
class ListConfig:
    """Location of a data set, and handling of its unusable rows."""

    root: str  # folder of the data set, or the file with its list
    split: str = "training"  # part of the data set, by the name that it has there
    strict: bool = False  # raise on an invalid row instead of skipping it
    max_skipped_fraction: float = 0.01  # maximum share of all rows
    skipped_csv: str = ""  # file to which skipped rows are added

    @property
    def own_split(self) -> Any:
        """The data set's own name of `split`; identical for synonyms such as train and training."""
        return self.split

    def skipped(self, where: str | os.PathLike) -> SkippedRows:
        """Creates the record of skipped rows of one list."""
        return SkippedRows(str(where), self.max_skipped_fraction, self.skipped_csv, self.strict)


@dataclasses.dataclass(frozen=True)
class ImageListConfig(ListConfig):
    """The same for a data set whose images are files of their own."""

    check_images: bool = True  # check every image file for truncation first


class ListFile:
    """A CSV list; iterating yields (line number, cells), sets `columns`, and allows `named`.

    Header names may have surrounding spaces and appear in any order. `headerless` gives the columns of lists that may
    lack a header. ValueError for a missing column quotes the header found.
    """

    def __init__(
        self,
        path: pathlib.Path,
        required: Sequence[str],
        headerless: Sequence[str] = (),
        delimiter: str = ",",
        quote: str = '"',
    ):
        self.path, self.required, self.headerless = path, required, tuple(headerless)
        self.form = {"delimiter": delimiter, "quotechar": quote}
        self.columns: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        with open(self.path, newline="", encoding="utf-8-sig", errors="replace") as file:
            lines = csv.reader(file, **self.form)
            self.columns = []
            try:
                for cells in filter(None, lines):
                    if not self.columns and self._take_header(cells):
                        continue
                    yield lines.line_num, cells
            except csv.Error as error:
                raise ValueError(f"{self.path}, row {lines.line_num}: {error}; is this a CSV list?") from error
        if not self.columns:
            raise ValueError(f"{self.path} is empty; expected the columns {', '.join(self.required)}")

    def _take_header(self, cells: list[str]) -> bool:
        """Sets the columns; False if the first line is already data."""
        found = [cell.strip() for cell in cells]
        if any(cell in (*self.required, *self.headerless) for cell in found):
            if missing := [column for column in self.required if column not in found]:
                raise ValueError(
                    f"{self.path}, row 1: column {', '.join(missing)} is missing; the header has "
                    f"{', '.join(found)}, expected {', '.join(self.required)}"
                )
            self.columns = found
            return True
        if not self.headerless or len(cells) != len(self.headerless):
            values = f" or {len(self.headerless)} values" if self.headerless else ""
            raise ValueError(
                f"{self.path}, row 1: expected a header{values}, found '{','.join(cells)[:60]}'; "
                f"the columns are {', '.join(self.headerless or self.required)}"
            )
        self.columns = list(self.headerless)
        return False

    def named(self, cells: Sequence[str]) -> dict[str, str]:
        """Returns stripped cells by column; RowFault if there are too many or too few."""
        if len(cells) != len(self.columns):
            raise RowFault(
                "wrong number of cells", f"{len(cells)}, expected {len(self.columns)}; is a line truncated or merged?"
            )
        return {column: cell.strip() for column, cell in zip(self.columns, cells, strict=True)}


def parse_integer(column: str, cell: str, highest: int, meaning: str = "", lowest: int = 0) -> int:
    """Parses an integer; RowFault if it is not one or not in lowest..highest."""
    try:
        value = float(cell)
    except ValueError:
        raise RowFault(f"{column} is not a number", f"{column} is '{cell[:20]}', expected a finite number") from None
    if not (lowest <= value <= highest and value == int(value)):
        raise RowFault(f"{column} out of {lowest}..{highest}", f"{column} is {cell}, expected {meaning or 'a count'}")
    return int(value)


def image_table(names: Sequence[str], subjects: Sequence[str], labels: Labels) -> Table:
    """Creates a table of still images."""
    count = len(names)
    return Table(names, subjects, [""] * count, np.zeros(count, np.int64), np.zeros(count), labels)


def one_hot(emotions: Sequence[int], count: int) -> Float[np.ndarray, "example emotion"]:
    """One-hot distributions of the given emotion indices."""
    return np.eye(count, dtype=np.float32)[np.asarray(emotions, np.int64)]


def check_image_files(paths: Sequence[str]) -> list[image_files.ImageCheck]:
    """Checks image files in several threads."""
    with ThreadPoolExecutor(READING_THREADS) as pool:
        return list(pool.map(image_files.check, paths, chunksize=256))


def square_around_box(left: float, top: float, width: float, height: float, side_ratio: float) -> tuple[int, int, int]:
    """Returns left, top and side (px) of the square centered on a face box, `side_ratio` times its mean side."""
    side = round((width + height) / 2 * side_ratio)
    return round(left + (width - side) / 2), round(top + (height - side) / 2), side


def existing_folder(root: str, expected: str) -> pathlib.Path:
    """Returns `root` as a path; FileNotFoundError states what was expected there."""
    path = pathlib.Path(root)
    if not path.is_dir():
        raise FileNotFoundError(f"no folder {path}; {expected}")
    return path
