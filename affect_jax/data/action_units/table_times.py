"""When the rows of a table are: in seconds, or as time codes, and at which frame."""

import re

import numpy as np
from jaxtyping import Float, Int

from affect_jax.data.action_units.table import Table

COLUMNS = ("time_seconds", "timestamp", "timecode")  # whichever is there first
TIMECODE = re.compile(r"(\d+):(\d+):(\d+):(\d+(?:\.\d+)?)")  # hours, minutes, seconds, frames


def read_times(table: Table, timecode_fps: float) -> Float[np.ndarray, "row"]:
    """Seconds as the table counts them, or by time codes since the first row.

    ValueError if there is no column of times, or if they do not increase.
    """
    name = next((name for name in map(table.column, COLUMNS) if name), None)
    if name is None:
        raise ValueError(f"{table.path}, row 1: no column of times; expected one of {', '.join(COLUMNS)}")
    times = _of_timecodes(table, name, timecode_fps) if name.lower() == "timecode" else table.numbers(name)
    later = np.diff(times) > 0
    if not later.all():
        row = table.rows[int(np.argmin(later)) + 1][0]
        raise ValueError(
            f"{table.path}, row {row}: {name} does not increase ({int((~later).sum())} such rows); are several "
            "recordings or faces in one table?"
        )
    return times


def _of_timecodes(table: Table, name: str, fps: float) -> np.ndarray:
    """Time codes of Live Link Face, whose last part counts frames, with the subframe as a fraction."""
    seconds = []
    for (row, _), text in zip(table.rows, table.texts(name), strict=True):
        match = TIMECODE.fullmatch(text)
        if match is None:
            raise ValueError(f"{table.path}, row {row}: {name} is '{text[:20]}', expected hours:minutes:seconds:frames")
        hours, minutes, whole, frames = (float(part) for part in match.groups())
        if frames >= fps:
            raise ValueError(
                f"{table.path}, row {row}: {name} is '{text}', which counts to more frames than the {fps:g} a second "
                "that are given"
            )
        seconds.append(3600 * hours + 60 * minutes + whole + frames / fps)
    return np.array(seconds) - seconds[0]


def read_frames(table: Table, first: int) -> Int[np.ndarray, "row"]:
    """The frame of each row, from 0: by column "frame", in which the program calls its first one `first`, or in order.

    ValueError for one that is not a whole number, or not above the last.
    """
    name = table.column("frame")
    if name is None:
        return np.arange(len(table.rows))
    numbers = table.numbers(name)
    wrong = ~(np.diff(numbers, prepend=first - 1) > 0) | (numbers != np.round(numbers))
    if wrong.any():
        row = table.rows[int(wrong.argmax())][0]
        raise ValueError(
            f"{table.path}, row {row}: {name} is '{table.texts(name)[int(wrong.argmax())][:20]}', expected whole "
            f"numbers from {first} that increase"
        )
    return numbers.astype(np.int64) - first
