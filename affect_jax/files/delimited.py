"""Delimited text as spreadsheets and other programs rewrite it: encoding, separator, blank lines, missing numbers."""

import codecs
import csv
import math
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import TextIO

SEPARATORS = (",", ";", "\t", "|")
COUNTED_BYTES = 1 << 22  # read at once to count lines
HEAD_BYTES = 4096  # of a file, from which its encoding is recognized
MARKS = (  # UTF-32 first, because its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# How C, Windows, Python, R, Excel and MATLAB write a number that is missing or undefined
MISSING = re.compile(
    r"[+-]?(nan(\((ind|snan|[0-9a-fx]*)\))?|1\.?#(ind|qnan|snan)\d*|n/?a|#n/?a|none|null)?", re.IGNORECASE
)
SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)  # Excel's first line


def encoding_of(path: pathlib.Path) -> str:
    """The encoding of a text file by its mark or its zero bytes; UTF-8 without any."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if len(head) >= 2 and head[1::2].count(0) > 0.4 * len(head):
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 2 and head[::2].count(0) > 0.4 * len(head) else "utf-8"


def repair(cell: str) -> str:
    """A cell whose bytes are not UTF-8, read as Windows-1252; others unchanged."""
    if cell.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in cell):
        return cell
    return cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def is_missing(cell: str) -> bool:
    """Whether a cell stands for a missing or undefined number: empty, nan, -nan(ind), 1.#IND, NA, ..."""
    return MISSING.fullmatch(cell.strip()) is not None


def to_number(cell: str) -> float:
    """The number in a cell; nan where it is missing or undefined. ValueError for anything else."""
    try:
        return float(cell)
    except ValueError:
        if is_missing(cell):
            return math.nan
        raise


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, not counting missing ones."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def separator_of(line: str, expected: str, columns: Sequence[str]) -> str:
    """The separator that finds most of the known columns in a header; the expected one if no other finds more."""
    known = {column.lower() for column in columns}
    found = {
        each: sum(cell.strip().strip("\"'").lower() in known for cell in line.split(each))
        for each in (expected, *SEPARATORS)
    }
    return max(found, key=found.get)  # the first of the largest


def open_text(path: pathlib.Path) -> TextIO:
    """Opens a text file in its own encoding, for cells that are then passed through `repair`."""
    encoding = encoding_of(path)
    return open(path, newline="", encoding=encoding, errors="surrogateescape" if encoding == "utf-8" else "replace")


def count_lines(path: pathlib.Path) -> int:
    """The number of lines of a file, or more; it is read quickly, whatever its encoding."""
    count = 1
    with open(path, "rb") as file:
        while data := file.read(COUNTED_BYTES):
            count += data.count(b"\n") + data.count(b"\r")
    return count


def read_lines(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    """Yields the number and the text of each line that is not blank."""
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if text := repair(line).strip():
                yield number, text


def read_delimited(
    path: pathlib.Path, columns: Sequence[str], separator: str = ",", quote: str = '"'
) -> Iterator[tuple[int, list[str]]]:
    """Yields the line number and the cells of each line that is not blank.

    The separator is the expected one, unless the first line names another (Excel's "sep=;") or its known `columns` are
    found only with another. Comments before the first line are left out. ValueError for a line that is not CSV.
    """
    with open_text(path) as file:
        skipped = 0
        for line in file:
            text = line.strip()
            named = SEPARATOR_LINE.fullmatch(text)
            if text and not text.startswith("#") and not named:
                break
            separator = named[1] if named else separator
            skipped += 1
        else:
            return
        separator = separator_of(line, separator, columns)
        yield from rows_of(_joined(line, file), path, skipped, separator, quote)


def rows_of(
    text: Iterator[str], path: pathlib.Path, skipped: int, separator: str, quote: str
) -> Iterator[tuple[int, list[str]]]:
    """Yields the line number and the cells of each line that is not blank, from lines after the first `skipped`.

    ValueError for a line that is not CSV.
    """
    lines = csv.reader(text, delimiter=separator, quotechar=quote, skipinitialspace=True)
    try:
        for cells in lines:
            if any(cell and not cell.isspace() for cell in cells):
                yield skipped + lines.line_num, [repair(cell) for cell in cells]
    except csv.Error as error:
        raise ValueError(f"{path}, row {skipped + lines.line_num}: {error}; is this a CSV list?") from error


def _joined(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
