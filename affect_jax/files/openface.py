"""Landmark tables of OpenFace 2, one per video: `frame, timestamp, confidence, success, ..., x_0, ..., y_67`.

Source: Baltrusaitis et al., OpenFace 2.0, FG 2018.
"""

import math
import pathlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from affect_jax.files.delimited import read_delimited, to_number
from affect_jax.types import LANDMARKS

X_COLUMNS = tuple(f"x_{number}" for number in range(LANDMARKS))
Y_COLUMNS = tuple(f"y_{number}" for number in range(LANDMARKS))
POINTS = X_COLUMNS + Y_COLUMNS
REQUIRED = ("frame", "success") + POINTS
FRAME, SUCCESS, FIRST_POINT = 0, 1, 2  # positions in REQUIRED
OPTIONAL = ("face_id", "timestamp", "pose_Tx", "pose_Ty", "pose_Tz")
MOST_FRAMES = 10**9  # a larger number is none of a frame
MOST_PX = 1e6  # from the corner of the image; a larger number is none of a landmark
MOST_UNUSABLE = 0.25  # share of unusable rows above which the table as a whole is damaged or of another kind


class Tracked(NamedTuple):
    """Tracking results of one face over the frames of a video."""

    numbers: Int[np.ndarray, "row"]  # frame numbers, from 0
    found: Bool[np.ndarray, "row"]
    landmarks: Float[np.ndarray, "row 68 2"]  # in px of the video; 0 where no face was found
    times_seconds: Float[np.ndarray, "row"]  # nan where the table has none
    position: Float[np.ndarray, "row 3"]  # of the head in mm before the camera; nan where the table has none
    unusable: tuple[tuple[int, str], ...]  # row and reason of those left out


def is_openface(path: pathlib.Path) -> bool:
    """Whether the header of a table has the columns of OpenFace's landmarks."""
    _, header = next(read_delimited(path, REQUIRED), (0, []))
    return set(REQUIRED) <= {cell.strip() for cell in header}


def read_openface(path: pathlib.Path) -> Tracked:
    """Reads the landmarks of one face in each frame; an unusable row is left out and returned with its reason.

    Numbers that are missing in any notation ("-nan(ind)", "1.#IND", "NA", empty) are no fault where no face was found.
    ValueError names the file, the first unusable row and its reason if the table as a whole is none of OpenFace, has
    several faces, or more than `MOST_UNUSABLE` of its rows are unusable.
    """
    lines = read_delimited(path, REQUIRED)
    _, header = next(lines, (0, []))
    places = _find_columns(path, [cell.strip() for cell in header])
    rows, unusable, count = [], [], 0
    for number, cells in lines:
        count += 1
        try:
            rows.append((number, *_parse(_complete(cells, len(header)), places)))
        except ValueError as error:
            unusable.append((number, str(error)))
    if not count:
        raise ValueError(f"{path} has a header but no rows, expected one for each frame; is it truncated?")
    table = np.array(rows, np.float64).reshape(len(rows), 1 + len(places))
    kept, repeated = _in_order(path, table)
    unusable = sorted(unusable + repeated)
    if len(unusable) > MOST_UNUSABLE * count:
        row, reason = unusable[0]
        others = f" ({len(unusable)} of {count} rows are unusable)" if len(unusable) > 1 else ""
        raise ValueError(f"{path}, row {row}: {reason}{others}")
    return _tracked(table[kept, 1:], places, unusable)


def _find_columns(path: pathlib.Path, header: Sequence[str]) -> dict[str, int]:
    """Positions of the required columns, then of the optional ones that the table has."""
    if missing := [column for column in REQUIRED if column not in header]:
        raise ValueError(
            f"{path}, row 1: column {', '.join(missing[:3])} is missing, expected an OpenFace 2 table with "
            f"frame, success and 2D landmarks x_0 to y_67 (-2Dfp); it begins with '{', '.join(header)[:60]}'"
        )
    wanted = [column for column in REQUIRED + OPTIONAL if column in header]
    if twice := [column for column in wanted if header.count(column) > 1]:
        raise ValueError(f"{path}, row 1: column {', '.join(twice[:3])} is there more than once; remove the others")
    return {column: header.index(column) for column in wanted}


def _complete(cells: list[str], count: int) -> list[str]:
    """The cells of a row without empty ones past the last column; ValueError if there are too many or too few."""
    while len(cells) > count and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != count:
        raise ValueError(f"the row has {len(cells)} cells, expected {count}; is it cut or merged with another?")
    return cells


def _parse(cells: Sequence[str], places: dict[str, int]) -> list[float]:
    """The numbers of a row by column; ValueError with column and value if the row cannot be used."""
    try:
        values = [float(cells[place]) for place in places.values()]
    except ValueError:
        values = [_number(column, cells[place]) for column, place in places.items()]
    if not abs(values[FRAME]) <= MOST_FRAMES or values[FRAME] != int(values[FRAME]):
        raise ValueError(f"frame is '{cells[places['frame']].strip()[:20]}', expected a frame number")
    if math.isnan(values[SUCCESS]):
        values[SUCCESS] = 0.0
    if values[SUCCESS] not in (0.0, 1.0):
        raise ValueError(f"success is {values[SUCCESS]:g}, expected 1, or 0 where no face was found")
    if values[SUCCESS]:
        for column, value in zip(POINTS, values[FIRST_POINT:], strict=False):
            if not abs(value) <= MOST_PX:
                cell = cells[places[column]].strip()[:20]
                kind = "beyond any image" if math.isfinite(value) else "not finite"
                raise ValueError(f"landmarks are {kind}, though success is 1: {column} is '{cell}'")
    return values[: len(REQUIRED)] + [value if math.isfinite(value) else math.nan for value in values[len(REQUIRED) :]]


def _number(column: str, cell: str) -> float:
    cell = cell.strip()
    if cell.count(",") == 1:  # a decimal comma, because commas do not separate the cells of this table
        cell = cell.replace(",", ".")
    try:
        return to_number(cell)
    except ValueError:
        if column in OPTIONAL:
            return math.nan
        raise ValueError(f"{column} is '{cell[:20]}', expected a number") from None


def _in_order(path: pathlib.Path, table: Float[np.ndarray, "row column"]) -> tuple[list[int], list[tuple[int, str]]]:
    """Indices of rows whose frame is later than all before, and the others; ValueError for several faces."""
    kept, repeated, last = [], [], 0.0
    frames = table[:, 1 + FRAME]
    if len(frames) and frames[0] == 0:
        raise ValueError(
            f"{path}, row {table[0, 0]:g}: frame is 0, but OpenFace counts from 1; add 1 to each number of column frame"
        )
    for index, (row, frame) in enumerate(zip(table[:, 0], frames, strict=True)):
        if frame > last:
            kept.append(index)
            last = frame
        else:
            reason = (
                f"frame {frame:g} is out of order or repeated, expected frames starting at 1; is more than one face "
                "tracked? Keep the rows of one face_id"
            )
            repeated.append((int(row), reason))
    return kept, repeated


def _tracked(
    table: Float[np.ndarray, "row column"], places: dict[str, int], unusable: Iterable[tuple[int, str]]
) -> Tracked:
    columns = {column: table[:, index] for index, column in enumerate(places)}
    unknown = np.full(len(table), np.nan)
    found = columns["success"] == 1
    points = table[:, FIRST_POINT : FIRST_POINT + len(POINTS)].reshape(-1, 2, LANDMARKS).swapaxes(1, 2)
    return Tracked(
        numbers=columns["frame"].astype(np.int64) - 1,
        found=found,
        landmarks=np.where(found[:, None, None], points, 0).astype(np.float32),
        times_seconds=columns.get("timestamp", unknown),
        position=np.stack([columns.get(f"pose_T{axis}", unknown) for axis in "xyz"], axis=1),
        unusable=tuple(unusable),
    )
