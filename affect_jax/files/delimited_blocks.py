"""Long delimited files by blocks of lines, whose columns pyarrow splits twenty times faster than a loop over rows.

Only blocks of plain lines are split so: ASCII without quotes, each with all cells. All others are read by
`files/delimited.py`, and so are single rows that a reader does not understand: what is accepted, and every message,
are the same whichever way a line is read.
"""

import csv
import io
import itertools
import pathlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
from jaxtyping import Bool, Float, Int, UInt8

from affect_jax.files.delimited import rows_of

BLOCK_BYTES = 1 << 22  # a few thousand lines; all columns of a block are held at once
GROUP = 4096  # rows that are read one by one
NUMBER = b"0123456789.-"  # characters of plain numbers
NEWLINE = ord("\n")

Rows = list[tuple[int, list[str]]]  # line numbers and cells


class Block(NamedTuple):
    """The columns of consecutive lines, of which none is split or missing."""

    first: int  # number of the first line in its file
    columns: dict[str, pa.StringArray]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def cells(self, index: int) -> list[str]:
        """The cells of a row, in the order of the columns."""
        return [column[index].as_py() for column in self.columns.values()]


def read_blocks(
    path: pathlib.Path, start: int, lines: int, columns: Sequence[str], separator: str, quote: str
) -> Iterator[Block | Rows]:
    """Yields the lines of a file from byte `start` on, before which it has `lines` lines.

    A block with a quote is the last: quoted cells may have line breaks, so from there on, the rest is read by rows.
    """
    with path.open("rb") as file:
        file.seek(start)
        while data := _read_lines(file):
            if quote.encode() in data:
                file.seek(-len(data), io.SEEK_CUR)
                rest = io.TextIOWrapper(file, "utf-8", "surrogateescape", newline="")
                yield from grouped(rows_of(rest, path, lines, separator, quote))
                return
            if block := _plain(data, lines, columns, separator):
                yield block
                lines += len(block)
                continue
            text = data.decode("utf-8", "surrogateescape")
            yield list(rows_of(io.StringIO(text, newline=""), path, lines, separator, quote))
            lines += sum(1 for _ in io.StringIO(text, newline=""))


def _read_lines(file: BinaryIO) -> bytes:
    data = file.read(BLOCK_BYTES)
    return data if data.endswith(b"\n") else data + file.readline()


def grouped(rows: Iterator[tuple[int, list[str]]]) -> Iterator[Rows]:
    """Yields rows in groups, of which one is held at a time."""
    while group := list(itertools.islice(rows, GROUP)):
        yield group


def _plain(data: bytes, lines: int, columns: Sequence[str], separator: str) -> Block | None:
    """The columns of a block; None if its lines are not plain."""
    if not data.isascii() or b"\0" in data or _has_lone_return(data):
        return None
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE)
    count = len(ends) + (not data.endswith(b"\n"))
    if np.diff(ends, prepend=-1, append=len(data)).max() > csv.field_size_limit():
        return None
    reading = pa.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=list(columns))
    parsing = pa.csv.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=True)
    types = dict.fromkeys(columns, pa.string())
    as_text = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=False, check_utf8=False)
    try:
        table = pa.csv.read_csv(pa.BufferReader(data), reading, parsing, as_text)
    except pa.ArrowInvalid:  # a line has more or fewer cells
        return None
    if table.num_rows != count:
        return None
    return Block(lines + 1, {name: table[name].combine_chunks() for name in columns})


def _has_lone_return(data: bytes) -> bool:
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")


def bytes_of(column: pa.StringArray) -> tuple[Int[np.ndarray, "bound"], UInt8[np.ndarray, "byte"]]:
    """The bounds of the strings (one more than there are), and the bytes of all of them."""
    _, bounds, data = column.buffers()
    bounds = np.frombuffer(bounds, np.int32)[column.offset : column.offset + len(column) + 1]
    every = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return bounds - bounds[0], every[bounds[0] : bounds[-1]]


def has_only(column: pa.StringArray, allowed: bytes) -> Bool[np.ndarray, "row"]:
    """Whether each string consists of the allowed ASCII characters, if any."""
    bounds, data = bytes_of(column)
    fits = np.ones(len(column), bool)
    if data.tobytes().translate(None, allowed):  # rarely, and slower
        others = np.flatnonzero(~np.isin(data, np.frombuffer(allowed, np.uint8)))
        fits[np.searchsorted(bounds, others, side="right") - 1] = False
    return fits


def has_text(column: pa.StringArray) -> Bool[np.ndarray, "row"]:
    """Whether each string has a character."""
    return np.diff(bytes_of(column)[0]) > 0


def plain_numbers(path: pathlib.Path, width: int) -> tuple[list[str], Float[np.ndarray, "line value"] | None]:
    """The cells of the header, and the numbers of a file of `width` columns; None if any line is not plain numbers."""
    with path.open("rb") as file:
        first = file.readline()
    header = first.decode("utf-8", "replace").strip().split(",")
    if not first.isascii() or not first[:1].isalpha() or b'"' in first:
        return header, None
    parts = [np.zeros((0, width))]
    for block in read_blocks(path, len(first), 1, [str(place) for place in range(width)], ",", '"'):
        columns = block.columns.values() if isinstance(block, Block) else []
        if not columns or not all((has_only(column, NUMBER) & has_text(column)).all() for column in columns):
            return header, None
        try:
            parts.append(np.stack([column.cast(pa.float64()).to_numpy() for column in columns], 1))
        except pa.ArrowInvalid:  # such as 1.2.3
            return header, None
    return header, np.concatenate(parts)
