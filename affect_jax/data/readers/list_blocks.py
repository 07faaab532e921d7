"""Long CSV lists by blocks of lines."""

from collections.abc import Iterator

from affect_jax.data.readers.lists import ListFile
from affect_jax.files.delimited import encoding_of, is_number
from affect_jax.files.delimited_blocks import Block, Rows, grouped, read_blocks

LONGEST_LINE = 1 << 16  # bytes of the first line of a list that is read by blocks


def blocks(lines: ListFile) -> Iterator[Block | Rows]:
    """Yields the lines of a list by blocks: as columns, or as (line number, cells) where they are not plain.

    Sets `columns` and raises the same errors as iterating over the list.
    """
    with lines.path.open("rb") as file:
        first = file.readline(LONGEST_LINE)
    cells = _plain_cells(first, lines)
    headed = set(lines.required) <= set(cells)
    bare = len(cells) == len(lines.headerless) and any(is_number(cell) for cell in cells)
    if not (headed or bare) or len(set(cells)) < len(cells) * headed or encoding_of(lines.path) != "utf-8":
        yield from grouped(iter(lines))
        return
    lines.take_header(1, cells)
    skipped = len(first) if headed else 0
    empty = True
    for block in read_blocks(lines.path, skipped, int(headed), lines.columns, lines.delimiter, lines.quote):
        empty = empty and not len(block)
        yield block
    if empty:
        yield from iter(lines)  # which raises


def _plain_cells(first: bytes, lines: ListFile) -> list[str]:
    """The cells of the first line; none if it is not plain."""
    if not (first.isascii() and first.endswith(b"\n") and first[:1].isalnum()) or lines.quote.encode() in first:
        return []
    return first.decode().rstrip("\r\n").split(lines.delimiter)
