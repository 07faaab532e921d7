"""Reads the rows of an AffectNet list into columns."""

import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from affect_jax.data.readers.affectnet_blocks import Parsed, parse_block
from affect_jax.data.readers.affectnet_columns import FaceColumns
from affect_jax.data.readers.affectnet_rows import COLUMNS, NON_FACE, REQUIRED, Row, parse
from affect_jax.data.readers.list_blocks import blocks
from affect_jax.data.readers.lists import ListFile
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.files.delimited import count_lines
from affect_jax.files.delimited_blocks import Block

NOTHING_LABELED = "row has no label"
NOT_A_FACE = f"expression is {NON_FACE} (non-face)"


def read_rows(list_path: pathlib.Path, skipped: SkippedRows) -> tuple[FaceColumns, int]:
    """Reads the rows with a label, and counts all rows; records those that are left out or unusable."""
    lines = ListFile(list_path, REQUIRED, headerless=COLUMNS)
    reading, rows, total = _Reading(lines, skipped), FaceColumns(count_lines(list_path)), 0
    for block in blocks(lines):
        parsed = parse_block(block) if isinstance(block, Block) else None
        if parsed is None:
            numbered = list(_rows(block)) if isinstance(block, Block) else block
            total += len(numbered)
            rows.add([found for number, cells in numbered if (found := reading.row(number, cells))])
        else:
            total += _add(block, parsed, rows, reading)
    rows.keep()
    return rows, total


class _Reading:
    """Parses single rows, and records those without use."""

    def __init__(self, lines: ListFile, skipped: SkippedRows):
        self.lines, self.skipped = lines, skipped

    def row(self, number: int, cells: Sequence[str]) -> tuple[int, Row] | None:
        """The row of these cells with its number; None if it is not used."""
        try:
            row = parse(self.lines.named(cells))
        except RowFault as fault:
            self.skipped.refuse(str(self.lines.path), number, fault)
            return None
        if reason := row.left_out or ("" if row.labeled else NOTHING_LABELED):
            self.leave_out(row.path, number, reason)
            return None
        return number, row

    def leave_out(self, path: str, number: int, reason: str) -> None:
        """Records a row that the data set itself excludes."""
        self.skipped.left_out.append((path, number, reason))


def _rows(block: Block) -> Iterator[tuple[int, list[str]]]:
    """The rows of a block that are not blank."""
    for index in range(len(block)):
        if _is_filled(cells := block.cells(index)):
            yield block.first + index, cells


def _is_filled(cells: Sequence[str]) -> bool:
    return any(cell and not cell.isspace() for cell in cells)


def _add(block: Block, parsed: Parsed, rows: FaceColumns, reading: _Reading) -> int:
    """Adds the rows of a block; returns how many there are, without blank ones."""
    rated = ~np.isnan(parsed.valence_arousal).any(1)
    labeled = rated | (parsed.emotion >= 0) | parsed.has_landmarks
    kept = parsed.plain & parsed.is_face & labeled
    paths, blank, singly = parsed.paths, 0, {}
    for index in np.flatnonzero(~kept):
        number = int(block.first + index)
        if parsed.plain[index]:
            reason = NOTHING_LABELED if parsed.is_face[index] else NOT_A_FACE
            reading.leave_out(str(paths[index]), number, reason)
            continue
        cells = block.cells(int(index))
        if not _is_filled(cells):
            blank += 1
        elif found := reading.row(number, cells):
            kept[index], singly[index], paths[index] = True, found, found[1].path
    positions = np.flatnonzero(kept)
    place = parsed.write(kept, block.first + positions, rows)
    for index, (number, row) in singly.items():
        rows.put(place.start + int(np.searchsorted(positions, index)), number, row)
    rows.add_paths(paths[kept])
    return len(block) - blank
