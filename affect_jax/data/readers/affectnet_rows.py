"""Parsing and validation of one row of an AffectNet list."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from affect_jax import emotions
from affect_jax.data.readers.cell_values import parse_finite
from affect_jax.data.readers.lists import MOST_BOX_PX
from affect_jax.data.skipped import RowFault
from affect_jax.files.delimited import is_missing
from affect_jax.types import LANDMARKS

COLUMNS = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
CORRECT = "expression_correct"  # only in lists imported from EmoNet
REQUIRED = ("subDirectory_filePath", "expression", "valence", "arousal")
BOX_COLUMNS = COLUMNS[1:5]
NOT_ANNOTATED = -2  # code for missing valence and arousal
EMOTIONS, NON_FACE = 8, 10  # expressions 0..7 are emotions; then none, uncertain, non-face
OTHER_WORDS = {"none": 8, "uncertain": 9, "non-face": 10, "nonface": 10}
TRUE_FALSE = {"": None, "1": True, "true": True, "0": False, "false": False}
NUMBER = "a finite number"
ROUNDING = 1e-6  # tolerance for rounding in lists: 1.0000001 is 1


@dataclasses.dataclass(frozen=True)
class Row:
    """A usable row; None marks missing annotations."""

    path: str  # of the image, below the image folder, with "/"
    box: tuple[float, float, float, float] | None  # left, top, width, height in px
    landmarks: Float[np.ndarray, "68 2"] | None  # px of the image as stored
    emotion: int | None
    valence_arousal: tuple[float, float] | None
    left_out: str = ""  # why the data set itself excludes this row
    correct: bool | None = None  # whether the emotion was confirmed manually; None if not stated

    @property
    def labeled(self) -> bool:
        """Whether the row has any annotation."""
        return any(label is not None for label in (self.valence_arousal, self.emotion, self.landmarks))


def parse(row: Mapping[str, str]) -> Row:
    """Parses cells by column; RowFault states what was found, what was expected and what to do."""
    if null := [column for column, cell in row.items() if cell.upper() == "NULL"]:
        raise RowFault("row contains NULL", f"{', '.join(null)} is NULL, expected a value; remove the row")
    path = row["subDirectory_filePath"].replace("\\", "/")
    if not path:
        raise RowFault("image name is empty", "subDirectory_filePath is empty, expected the path of an image")
    code = expression(row["expression"])
    if code == NON_FACE:  # regardless of the other cells
        return Row(path, None, None, None, None, left_out=f"expression is {NON_FACE} (non-face)")
    unrated = is_missing(row["valence"]) and is_missing(row["arousal"])  # instead of -2, after a spreadsheet
    return Row(
        path=path,
        box=_box(row),
        landmarks=landmarks(row.get("facial_landmarks", "")),
        emotion=code if code < EMOTIONS else None,
        valence_arousal=None if unrated else valence_arousal(row["valence"], row["arousal"]),
        correct=_correct(row.get(CORRECT, "")),
    )


def expression(cell: str) -> int:
    """Parses an expression code, 0 to 10, or its name."""
    names = emotions.names("affectnet_8")
    if (name := emotions.canonical_name(cell)) in names:
        return names.index(name)
    if cell.lower() in OTHER_WORDS:
        return OTHER_WORDS[cell.lower()]
    value = parse_finite("expression", cell, NUMBER)
    if value != int(value) or not 0 <= value <= NON_FACE:
        raise RowFault(
            f"expression out of 0..{NON_FACE}",
            f"expression is {cell}, expected 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, "
            "7 contempt, 8 none, 9 uncertain or 10 non-face; is this a list from another data set?",
        )
    return int(value)


def valence_arousal(*cells: str) -> tuple[float, float] | None:
    """Parses valence and arousal; None if either is not annotated."""
    values = []
    for column, cell in zip(("valence", "arousal"), cells, strict=True):
        value = parse_finite(column, cell, NUMBER)
        if value != NOT_ANNOTATED and abs(value) > 1 + ROUNDING:
            hint = "; divide by 10 if the scale is -10..10" if abs(value) <= 10 else ""
            raise RowFault(
                f"{column} out of [-1, 1]",
                f"{column} is {cell}, expected [-1, 1] or {NOT_ANNOTATED} for not annotated{hint}",
            )
        values.append(value)
    if NOT_ANNOTATED in values:
        return None
    return min(max(values[0], -1.0), 1.0), min(max(values[1], -1.0), 1.0)


def _correct(cell: str) -> bool | None:
    if cell.lower() not in TRUE_FALSE:
        raise RowFault(f"{CORRECT} is neither 1 nor 0", f"{CORRECT} is '{cell[:20]}', expected 1, 0 or an empty cell")
    return TRUE_FALSE[cell.lower()]


def _box(row: Mapping[str, str]) -> tuple[float, float, float, float] | None:
    if not all(row.get(column) for column in BOX_COLUMNS):
        return None
    left, top, width, height = (parse_finite(column, row[column], NUMBER) for column in BOX_COLUMNS)
    if max(abs(left), abs(top), abs(width), abs(height)) > MOST_BOX_PX:
        raise RowFault("face box is beyond any image", f"{left:g} {top:g} {width:g} {height:g}, expected px")
    return (left, top, width, height) if width > 0 and height > 0 else None


def landmarks(cell: str) -> Float[np.ndarray, "68 2"] | None:
    """Parses a cell of 136 numbers, x;y;x;y...; None if it is empty."""
    cell = cell.rstrip(";")
    if not cell:
        return None
    count = cell.count(";") + 1
    try:
        numbers = np.fromstring(cell, np.float64, sep=";")  # ten times faster than float() for each
    except ValueError:
        numbers = np.full(count, np.nan)
    return landmark_points(numbers if len(numbers) == count else np.full(count, np.nan))


def landmark_points(numbers: Float[np.ndarray, "number"]) -> Float[np.ndarray, "68 2"]:
    """Reshapes x, y, x, y ... (px) to points; RowFault for a wrong count or implausible points."""
    if len(numbers) != 2 * LANDMARKS:
        raise RowFault(
            "wrong number of landmarks",
            f"facial_landmarks has {len(numbers)} numbers, expected {2 * LANDMARKS} as x;y;x;y... in pixels",
        )
    with np.errstate(over="ignore"):  # such numbers are refused below
        points = numbers.astype(np.float32).reshape(LANDMARKS, 2)
    if not np.isfinite(points).all():
        raise RowFault("facial_landmarks are not numbers", "expected x;y;x;y... in pixels, all of them finite")
    if (points.max(0) <= points.min(0)).any():
        raise RowFault(
            "landmarks span no area",
            f"from {points.min(0)} to {points.max(0)}, expected a face; clear the cell to use the face box",
        )
    return points
