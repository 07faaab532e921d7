"""The text files of Aff-Wild2: a header, then one line per frame, so unusable lines keep their place."""

import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from affect_jax import emotions
from affect_jax.data.readers.cell_values import parse_integer
from affect_jax.data.readers.traces import parse_number
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.files.delimited import is_missing, read_delimited
from affect_jax.files.delimited_blocks import plain_numbers
from affect_jax.quantities.valence_arousal import AROUSAL, DIMENSIONS, VALENCE

LABEL_SET = "aff_wild2_8"
NO_VALUE = "line without a value"
NOT_RATED, NOT_NAMED = -5.0, -1  # codes of frames without annotation


class Lines(NamedTuple):
    """Labels by line of a file, not counting the header."""

    path: pathlib.Path
    values: Float[np.ndarray, "line value"]  # valence and arousal, or probabilities of the emotions
    weight: Float[np.ndarray, "line"]


def _lines(path: pathlib.Path, columns: Sequence[str], width: int) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Splits a file into the header cells and (line number, cells) of each line; blank lines have no cells.

    Empty cells beyond `width`, which spreadsheets add, are dropped.
    """
    found = {number: [cell.strip() for cell in cells] for number, cells in read_delimited(path, columns)}
    if not found:
        return [], []
    start = min(found)
    header = found[start]
    rows = [(number, _without_empty_end(found.get(number, []), width)) for number in range(start + 1, max(found) + 1)]
    return [cell for cell in header if cell], rows


def _without_empty_end(cells: list[str], width: int) -> list[str]:
    while len(cells) > width and not cells[-1]:
        cells = cells[:-1]
    return cells


def _plain_affect(path: pathlib.Path) -> Lines | None:
    """Valence and arousal of a file without any line of another kind."""
    header, values = plain_numbers(path, len(DIMENSIONS))
    header = [cell.lower() for cell in header]
    if sorted(header) != sorted(DIMENSIONS) or values is None:
        return None
    values = values[:, [header.index(name) for name in DIMENSIONS]]
    unrated = (values == NOT_RATED).any(1)
    if not (unrated | (np.abs(values) <= 1).all(1)).all():
        return None
    values[unrated] = 0
    return Lines(path, values.astype(np.float32), np.float32(~unrated))


def read_affect(path: pathlib.Path, skipped: SkippedRows) -> Lines:
    """Reads valence and arousal; ValueError for an unexpected header."""
    if plain := _plain_affect(path):
        return plain
    header, lines = _lines(path, DIMENSIONS, width=2)
    header = [cell.lower() for cell in header]
    if sorted(header) != sorted(DIMENSIONS):
        raise ValueError(f"{path}, row 1: the header is '{','.join(header)[:60]}', expected valence,arousal")
    values, weight = np.zeros((len(lines), 2), np.float32), np.zeros(len(lines), np.float32)
    for index, (row, cells) in enumerate(lines):
        try:
            if len(cells) != len(header):
                raise RowFault(
                    "wrong number of cells", f"{len(cells)}, expected {len(header)}; is a line truncated or merged?"
                )
            named = dict(zip(header, cells, strict=True))
            if any(_is(named[name], NOT_RATED) for name in DIMENSIONS):
                continue
            if all(is_missing(named[name]) for name in DIMENSIONS):
                skipped.left_out.append((str(path), row, NO_VALUE))
                continue
            values[index, VALENCE] = parse_number("valence", named["valence"], -1.0, 1.0)
            values[index, AROUSAL] = parse_number("arousal", named["arousal"], -1.0, 1.0)
            weight[index] = 1
        except RowFault as fault:
            skipped.refuse(str(path), row, RowFault(fault.reason, f"{fault} ({path}, row {row})"))
    values[weight == 0] = 0
    return Lines(path, values, weight)


def _is(cell: str, code: float) -> bool:
    try:
        return float(cell) == code
    except ValueError:
        return False


def read_expression(path: pathlib.Path, skipped: SkippedRows) -> Lines:
    """Reads expressions as probabilities, with the classes of the header; ValueError for an unexpected header."""
    header, lines = _lines(path, (*emotions.names(LABEL_SET), *emotions.SYNONYMS), width=1)
    names = [emotions.canonical_name(word) for word in header]
    known = emotions.names(LABEL_SET)
    if len(names) < 2 or not set(names) <= set(known) or len(set(names)) < len(names):
        raise ValueError(
            f"{path}, row 1: the header is '{','.join(header)[:80]}', expected the expressions {', '.join(known)}"
        )
    meaning = ", ".join(f"{code} {name}" for code, name in enumerate(names))
    values, weight = np.zeros((len(lines), len(known)), np.float32), np.zeros(len(lines), np.float32)
    for index, (row, cells) in enumerate(lines):
        try:
            if len(cells) != 1:
                raise RowFault("wrong number of cells", f"{len(cells)}, expected 1; is a line truncated or merged?")
            if is_missing(cells[0]):
                skipped.left_out.append((str(path), row, NO_VALUE))
                continue
            code = parse_integer("expression", cells[0], len(names) - 1, meaning, lowest=NOT_NAMED)
            if code != NOT_NAMED:
                values[index, known.index(names[code])], weight[index] = 1, 1
        except RowFault as fault:
            skipped.refuse(str(path), row, RowFault(fault.reason, f"{fault} ({path}, row {row})"))
    return Lines(path, values, weight)
