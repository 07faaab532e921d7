"""Reads action units from tables: OpenFace 2, ARKit and Live Link Face, and blendshapes of launch.predict."""

import dataclasses
import pathlib
import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from affect_jax.data.action_units import rig
from affect_jax.data.action_units.sides import check_sides
from affect_jax.data.action_units.table import Table
from affect_jax.data.action_units.table_times import read_frames, read_times
from affect_jax.data.action_units.unit_traces import UnitTraces
from affect_jax.emotions import EMOTION_UNITS

OPENFACE_UNIT = re.compile(r"AU(\d\d)_r")
OPENFACE_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
OPENFACE_SCALE, RIG_SCALE = 5.0, 1.0
OPENFACE_FIRST = 1  # number of its first frame; ours is 0
MOST_UNUSABLE = 0.25  # share of rows with a face but without numbers above which a table is damaged


@dataclasses.dataclass(frozen=True)
class UnitTable:
    """The units of one face and the scale in which they are measured."""

    traces: UnitTraces
    scale: float  # largest value of the source
    frames: Int[np.ndarray, "row"]  # of the recording, from 0
    has_clock: bool  # whether its times may begin anywhere, as those of a telephone do
    notes: tuple[str, ...]  # what a user has to know about the source


def read_unit_table(path: pathlib.Path, timecode_fps: float = 60.0, face: int | None = None) -> UnitTable:
    """Reads the units of a table, whose program is recognized by its columns.

    Args:
      path: of a CSV.
      timecode_fps: frames per second that the time codes of Live Link Face count: 60 unless the app was set otherwise.
      face: its number (column "face" of launch.predict, "face_id" of OpenFace); may be left out if there is one.

    ValueError names the file, the row and what was expected.
    """
    table = Table.read(path).of_face(face)
    openface = {int(match[1]): (name, name) for name in table.columns if (match := OPENFACE_UNIT.fullmatch(name))}
    columns = openface or _of_rig(table)
    if not columns:
        raise ValueError(
            f"{path}, row 1: no action units; expected columns such as AU12_r (OpenFace 2), or mouthSmileLeft and "
            "mouthSmileRight (ARKit, Live Link Face, launch.predict --include=blendshapes); it begins with "
            f"'{', '.join(table.columns)[:60]}'"
        )
    left = table.matrix([pair[0] for pair in columns.values()])
    right = table.matrix([pair[1] for pair in columns.values()])
    found = _has_face(table, np.isfinite(left + right).all(1))
    traces = UnitTraces(str(path), tuple(columns), left, right, found, read_times(table, timecode_fps))
    if openface:
        frames = read_frames(table, OPENFACE_FIRST)
        return UnitTable(traces, OPENFACE_SCALE, frames, False, _lacking(OPENFACE_UNITS, traces, "OpenFace 2"))
    check_sides(table)
    frames = read_frames(table, 0)
    present = rig.units_among(table.columns)
    expected = {*rig.TWO_SIDED, *rig.ONE_SIDED} - (set(present) - set(columns))
    notes = _lacking(sorted(expected), traces, "a face rig") + _weak_units(table, traces)
    return UnitTable(traces, RIG_SCALE, frames, table.column("time_seconds") is None, notes)


def _of_rig(table: Table) -> dict[int, tuple[str, str]]:
    """The units of a face rig's table; not those that MediaPipe's network never shows."""
    found = rig.units_among(table.columns)
    if table.column(rig.OF_MEDIAPIPE) is None:
        return found
    return {unit: columns for unit, columns in found.items() if unit not in rig.ABSENT_IN_MEDIAPIPE}


def _lacking(units: Sequence[int], traces: UnitTraces, source: str) -> tuple[str, ...]:
    """A sentence about the units of emotions that a program has and the table does not."""
    wanted = set().union(*EMOTION_UNITS.values()) & set(units)
    missing = [f"AU{unit}" for unit in sorted(wanted) if unit not in traces.units]
    return (f"no columns of {', '.join(missing)}, which {source} has",) if missing else ()


def _has_face(table: Table, complete: np.ndarray) -> np.ndarray:
    """Which rows have a face, by column "success" or by their numbers; ValueError for damage, or without any face."""
    column = table.column("success")
    claimed = complete if column is None else table.numbers(column) == 1
    if not claimed.any():
        raise ValueError(f"{table.path}: no row has a face; expected success 1 and numbers in most rows")
    broken = claimed & ~complete
    if broken.sum() > MOST_UNUSABLE * claimed.sum():
        row = table.rows[int(broken.argmax())][0]
        raise ValueError(
            f"{table.path}, row {row}: units are missing though a face was found ({int(broken.sum())} of "
            f"{int(claimed.sum())} such rows); is the table damaged?"
        )
    return claimed & complete


def _weak_units(table: Table, traces: UnitTraces) -> tuple[str, ...]:
    if table.column(rig.OF_MEDIAPIPE) is None:
        return ()
    notes = []
    present = rig.units_among(table.columns)
    if absent := [f"AU{unit} ({name})" for unit, name in rig.ABSENT_IN_MEDIAPIPE.items() if unit in present]:
        notes.append(f"MediaPipe's network never shows {' or '.join(absent)}, which are left out")
    if weak := [f"AU{unit} ({name})" for unit, name in rig.WEAK_IN_MEDIAPIPE.items() if unit in traces.units]:
        notes.append(f"MediaPipe's network leaves {' and '.join(weak)} near zero, whatever the face does")
    return tuple(notes)
