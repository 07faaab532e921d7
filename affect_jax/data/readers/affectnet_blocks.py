"""Parses blocks of AffectNet rows: the plain ones all at once, the others by `affectnet_rows.parse`."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute
from jaxtyping import Bool, Float, Int

from affect_jax.data.readers.affectnet_columns import UNKNOWN, FaceColumns
from affect_jax.data.readers.affectnet_rows import (
    BOX_COLUMNS,
    CORRECT,
    EMOTIONS,
    NON_FACE,
    NOT_ANNOTATED,
    ROUNDING,
)
from affect_jax.data.readers.lists import MOST_BOX_PX
from affect_jax.files.delimited_blocks import NUMBER, Block, bytes_of, has_only, has_text
from affect_jax.types import LANDMARKS

PATH, POINTS, RATED = "subDirectory_filePath", "facial_landmarks", ("valence", "arousal")
BREAK = ord(";")  # between the coordinates of landmarks
CONFIRMED = {"": UNKNOWN, "0": 0, "1": 1}


class Parsed(NamedTuple):
    """The rows of a block; those that are not plain have to be parsed one by one."""

    plain: Bool[np.ndarray, "row"]
    paths: np.ndarray  # objects
    boxes: Float[np.ndarray, "row 4"]
    landmarks: Float[np.ndarray, "row 68 2"]
    has_landmarks: Bool[np.ndarray, "row"]
    emotion: Int[np.ndarray, "row"]
    is_face: Bool[np.ndarray, "row"]
    valence_arousal: Float[np.ndarray, "row 2"]
    correct: Int[np.ndarray, "row"]

    def write(self, kept: Bool[np.ndarray, "row"], numbers: Int[np.ndarray, "kept"], rows: FaceColumns) -> slice:
        """Adds the kept rows, but for their paths; returns where they are."""
        place = rows.place(len(numbers))
        rows.numbers[place] = numbers
        for name in ("boxes", "has_landmarks", "emotion", "valence_arousal", "correct"):
            getattr(rows, name)[place] = getattr(self, name)[kept]
        if self.has_landmarks.any():
            rows.landmarks[place] = self.landmarks if kept.all() else self.landmarks[kept]
        return place


def parse_block(block: Block) -> Parsed | None:
    """Parses the plain rows of a block; None if a cell of only digits, points and signs is no number."""
    columns = block.columns
    plain = has_text(columns[PATH])
    for name, column in columns.items():
        if name in BOX_COLUMNS:
            plain &= has_only(column, NUMBER)
        elif name in ("expression", *RATED):
            plain &= has_only(column, NUMBER) & has_text(column)
        elif name != POINTS:
            plain &= ~_is_null(column)
    try:
        code, valence_arousal = _numbers(columns["expression"], plain), _rated(columns, plain)
        boxes = _boxes(columns, plain)
        landmarks, has_landmarks, whole = _points(columns.get(POINTS), plain)
    except pa.ArrowInvalid:
        return None
    plain &= whole & (code == np.floor(code)) & (code >= 0) & (code <= NON_FACE)
    plain &= ~(np.abs(valence_arousal) > 1 + ROUNDING).any(1) & (np.abs(boxes) <= MOST_BOX_PX).all(1)
    correct, known = _correct(columns.get(CORRECT), len(block))
    boxes[~(boxes[:, 2:] > 0).all(1)] = 0
    return Parsed(
        plain & known,
        _paths(columns[PATH]),
        boxes,
        landmarks,
        has_landmarks,
        np.where(code < EMOTIONS, code, UNKNOWN).astype(np.int8),
        code != NON_FACE,
        np.clip(valence_arousal, -1, 1),
        correct,
    )


def _is_null(column: pa.StringArray) -> Bool[np.ndarray, "row"]:
    """Whether a cell is NULL or has spaces around it."""
    trimmed = pa.compute.utf8_trim_whitespace(column)
    null = pa.compute.equal(pa.compute.utf8_upper(trimmed), "NULL")
    return pa.compute.or_(null, pa.compute.not_equal(trimmed, column)).to_numpy(zero_copy_only=False)


def _paths(column: pa.StringArray) -> np.ndarray:
    return pa.compute.replace_substring(column, "\\", "/").to_numpy(zero_copy_only=False)


def _numbers(column: pa.StringArray, plain: Bool[np.ndarray, "row"]) -> Float[np.ndarray, "row"]:
    """The numbers of plain rows; 0 in others. ArrowInvalid for a cell that is none."""
    if plain.all():
        return column.cast(pa.float64()).to_numpy()
    values = np.zeros(len(column))
    values[plain] = column.filter(pa.array(plain)).cast(pa.float64()).to_numpy()
    return values


def _rated(columns: dict[str, pa.StringArray], plain: Bool[np.ndarray, "row"]) -> Float[np.ndarray, "row 2"]:
    """Valence and arousal; nan where either is not annotated and the other is in range."""
    values = np.stack([_numbers(columns[name], plain) for name in RATED], 1)
    unrated = values == NOT_ANNOTATED
    fits = unrated | (np.abs(values) <= 1 + ROUNDING)
    values[unrated.any(1) & fits.all(1)] = np.nan
    return values


def _boxes(columns: dict[str, pa.StringArray], plain: Bool[np.ndarray, "row"]) -> Float[np.ndarray, "row 4"]:
    """Left, top, width and height; all 0 where a cell is empty or missing."""
    boxes = np.zeros((len(plain), 4))
    if not set(BOX_COLUMNS) <= set(columns):
        return boxes
    filled = plain.copy()
    for name in BOX_COLUMNS:
        filled &= has_text(columns[name])
    for place, name in enumerate(BOX_COLUMNS):
        boxes[:, place] = _numbers(columns[name], filled)
    return boxes


def _points(
    column: pa.StringArray | None, plain: Bool[np.ndarray, "row"]
) -> tuple[Float[np.ndarray, "row 68 2"], Bool[np.ndarray, "row"], Bool[np.ndarray, "row"]]:
    """Landmarks (px), whether there are any, and whether they are none or those of a face."""
    landmarks = np.zeros((len(plain), LANDMARKS, 2), np.float32)
    if column is None:
        return landmarks, np.zeros(len(plain), bool), np.ones(len(plain), bool)
    filled = has_text(column)
    bounds, data = bytes_of(column)
    breaks = np.flatnonzero(data == BREAK)
    usable = plain & filled & (np.diff(np.searchsorted(breaks, bounds)) == 2 * LANDMARKS - 1)
    if usable.any():
        try:
            points = _cast(column, usable, breaks)
        except pa.ArrowInvalid:  # rarely; to search all cells for other characters takes as long as to split them
            usable &= has_only(column, NUMBER + b";")
            points = _cast(column, usable, breaks)
        with np.errstate(over="ignore"):  # such numbers are not usable
            points = points.astype(np.float32).reshape(-1, LANDMARKS, 2)
        if len(points) == len(plain):
            landmarks = points
        else:
            landmarks[usable] = points
        usable[usable] = _span_an_area(points) & np.isfinite(points).all((1, 2))
    return landmarks, usable, usable | ~filled


def _span_an_area(points: Float[np.ndarray, "row 68 2"]) -> Bool[np.ndarray, "row"]:
    """Whether the points of a row have more than one x, and more than one y."""
    found = (points[:, LANDMARKS // 2] != points[:, 0]).all(1)
    rest = np.flatnonzero(~found)  # few
    found[rest] = (points[rest] != points[rest, :1]).any(1).all(1)
    return found


def _cast(
    column: pa.StringArray, usable: Bool[np.ndarray, "row"], breaks: Int[np.ndarray, "semicolon"]
) -> Float[np.ndarray, "number"]:
    """The numbers of these cells, which have as many each; `breaks` are the semicolons of the whole column."""
    if not usable.all():
        column = column.filter(pa.array(usable))
        breaks = np.flatnonzero(bytes_of(column)[1] == BREAK)
    return _split(column, breaks).cast(pa.float64()).to_numpy()


def _split(column: pa.StringArray, breaks: Int[np.ndarray, "semicolon"]) -> pa.StringArray:
    """The numbers of cells that all have as many, separated by semicolons; without a copy for each, as a split has."""
    bounds, data = bytes_of(column)
    starts = np.empty((len(column), 2 * LANDMARKS), np.int32)
    starts[:, 0], starts[:, 1:] = bounds[:-1], breaks.reshape(len(column), -1)
    starts[:, 1:] += 1
    # Semicolons are taken out, so that the text of a number ends where that of the next begins.
    kept = data.tobytes().translate(None, b";")
    starts -= np.arange(2 * LANDMARKS, dtype=np.int32)
    starts -= (2 * LANDMARKS - 1) * np.arange(len(column), dtype=np.int32)[:, None]
    offsets = np.append(starts, np.int32(len(kept)))
    return pa.StringArray.from_buffers(starts.size, pa.py_buffer(offsets), pa.py_buffer(kept))


def _correct(column: pa.StringArray | None, count: int) -> tuple[Int[np.ndarray, "row"], Bool[np.ndarray, "row"]]:
    """Whether the emotion was confirmed, and whether that is said in a known way."""
    if column is None:
        return np.full(count, UNKNOWN, np.int8), np.ones(count, bool)
    cells = column.to_numpy(zero_copy_only=False)
    correct, known = np.full(count, UNKNOWN, np.int8), np.zeros(count, bool)
    for cell, value in CONFIRMED.items():
        correct[cells == cell] = value
        known |= cells == cell
    return correct, known
