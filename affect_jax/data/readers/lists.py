"""Shared parts of list readers: options, CSV lists with a header, and tables of still images."""

import dataclasses
import os
import pathlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from jaxtyping import Float

from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import Table, Texts
from affect_jax.files import image_files
from affect_jax.files.delimited import is_number, read_delimited
from affect_jax.types import Labels

READING_THREADS, CHECKED_AT_ONCE = 8, 8192  # threads overlap the latency of network storage
MOST_BOX_PX = 1e6  # a larger coordinate is none of a face box
LONGEST_CELL, LONGEST_HEADER = 40, 300  # characters in messages


@dataclasses.dataclass(frozen=True)
class ListConfig:
    """Location of a data set, and handling of its unusable rows."""

    root: str  # folder of the data set, or the file with its list
    split: str = "training"  # part of the data set, by the name that it has there
    strict: bool = False  # raise on an invalid row instead of skipping it
    max_skipped_fraction: float = 0.01  # maximum share of all rows
    skipped_csv: str = ""  # file to which skipped rows are added

    def __post_init__(self):
        if not 0 <= self.max_skipped_fraction <= 1:
            raise ValueError(f"max_skipped_fraction is {self.max_skipped_fraction}; expected a number from 0 to 1")

    @property
    def own_split(self) -> Any:
        """The data set's own name of `split`; identical for synonyms such as train and training."""
        return self.split

    def shares_subjects(self, other: Any) -> bool:
        """Whether a subject can be in both of two configs of this data set."""
        return self.own_split == other.own_split

    def skipped(self, where: str | os.PathLike) -> SkippedRows:
        """Creates the record of skipped rows of one list."""
        return SkippedRows(str(where), self.max_skipped_fraction, self.skipped_csv, self.strict)


@dataclasses.dataclass(frozen=True)
class ImageListConfig(ListConfig):
    """The same for a data set whose images are files of their own."""

    check_images: bool = True  # check every image file for truncation first


def _shortened(cells: Sequence[str]) -> str:
    """Cells for a message; a header that runs on into the data is long."""
    text = ", ".join(cell if len(cell) <= LONGEST_CELL else f"{cell[:LONGEST_CELL]}..." for cell in cells)
    return text if len(text) <= LONGEST_HEADER else f"{text[:LONGEST_HEADER]}..."


class ListFile:
    """A CSV list; iterating yields (line number, cells), sets `columns`, and allows `named`.

    Header names may have surrounding spaces, other capitals and appear in any order; lists rewritten by spreadsheets
    are read too (files/delimited.py). `headerless` gives the columns of lists that may lack a header. ValueError for a
    missing column quotes the header found; a column that is there twice is refused, because its cells may differ.
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
        self.delimiter, self.quote = delimiter, quote
        self.columns: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        self.columns, empty = [], True
        for number, cells in read_delimited(self.path, self._known(), self.delimiter, self.quote):
            if not self.columns and self.take_header(number, cells):
                continue
            empty = False
            yield number, cells
        if not self.columns:
            raise ValueError(f"{self.path} is empty; expected the columns {', '.join(self.required)}")
        if empty:
            raise ValueError(f"{self.path} has a header but no rows; is it truncated?")

    def _known(self) -> tuple[str, ...]:
        return (*self.required, *self.headerless)

    def take_header(self, number: int, cells: list[str]) -> bool:
        """Sets the columns; False if the first line is already data."""
        spelling = {column.lower(): column for column in self._known()}
        found = [spelling.get(cell.strip().lower(), cell.strip()) for cell in cells]
        if any(cell in self._known() for cell in found):
            self._check_header(number, found)
            self.columns = found
            return True
        values = f" or {len(self.headerless)} values" if self.headerless else ""
        wrong = f"found '{','.join(cells)[:60]}'; the columns are {', '.join(self.headerless or self.required)}"
        if not self.headerless or len(cells) != len(self.headerless):
            raise ValueError(f"{self.path}, row {number}: expected a header{values}, {wrong}")
        if not any(is_number(cell) for cell in cells):
            raise ValueError(f"{self.path}, row {number}: a header without known columns, {wrong}; rename its columns")
        self.columns = list(self.headerless)
        return False

    def _check_header(self, number: int, found: list[str]) -> None:
        if missing := [column for column in self.required if column not in found]:
            raise ValueError(
                f"{self.path}, row {number}: column {', '.join(missing)} is missing; the header has "
                f"{_shortened(found)}, expected {', '.join(self.required)}"
            )
        if twice := sorted({column for column in found if column and found.count(column) > 1}):
            raise ValueError(
                f"{self.path}, row {number}: column {_shortened(twice)} is there more than once, and its cells may "
                "differ; remove or rename the others"
            )

    def named(self, cells: Sequence[str]) -> dict[str, str]:
        """Returns stripped cells by column, without empty ones past the last; RowFault if there are too many or few."""
        cells = list(cells)
        while len(cells) > len(self.columns) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(self.columns):
            raise RowFault(
                "wrong number of cells", f"{len(cells)}, expected {len(self.columns)}; is a line truncated or merged?"
            )
        return {column: cell.strip() for column, cell in zip(self.columns, cells, strict=True)}


def image_table(names: Texts, subjects: Texts, labels: Labels) -> Table:
    """Creates a table of still images."""
    count = len(names)
    return Table(names, subjects, [""] * count, np.zeros(count, np.int64), np.zeros(count), labels)


def one_hot(emotions: Sequence[int], count: int) -> Float[np.ndarray, "example emotion"]:
    """One-hot distributions of the given emotion indices."""
    return np.eye(count, dtype=np.float32)[np.asarray(emotions, np.int64)]


def check_image_files(paths: Sequence[str]) -> Iterator[image_files.ImageCheck]:
    """Checks image files in several threads."""
    with ThreadPoolExecutor(READING_THREADS) as pool:
        for start in range(0, len(paths), CHECKED_AT_ONCE):  # a pool keeps an object for everything it is given
            some = range(len(paths))[start : start + CHECKED_AT_ONCE]
            yield from pool.map(lambda index: image_files.check(paths[index]), some)


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
