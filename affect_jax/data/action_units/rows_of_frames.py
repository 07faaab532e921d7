"""Which time of a recording each row of a table of units belongs to, if the table can belong to it at all."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from affect_jax.data.action_units.unit_tables import UnitTable
from affect_jax.data.belonging import OTHER_RATE, check_times, clock_notes, count_notes


class RowTimes(NamedTuple):
    """When the rows of a table are."""

    times_seconds: Float[np.ndarray, "row"]  # since the first frame, increasing
    kept: Bool[np.ndarray, "row"]  # rows of frames that exist
    notes: tuple[str, ...]  # what is unlikely about the table
    rates: str  # that it has another rate than the recording, where it may; or ""


def row_times(
    table: UnitTable, numbers: Int[np.ndarray, "frame"], times_seconds: Float[np.ndarray, "frame"]
) -> RowTimes:
    """The times of the rows by their own clock, or those of their frames where only one of two clocks can be right.

    `numbers` and `times_seconds` are those of the frames of a recording. ValueError if the table cannot belong to it.
    """
    times, frames = table.traces.times_seconds, times_seconds
    whole, notes = np.ones(len(times), bool), []
    if table.has_clock and len(frames) and times[0] > frames[-1]:
        notes.append(f"the clock of the table begins at {times[0]:g} s: its first row is taken for the first frame")
        times = times - times[0]
    found = check_times(table.traces.source, times, frames)
    if count_notes(int(table.frames.max(initial=0)) + 1, int(numbers[-1]) + 1):
        return RowTimes(times, whole, (*notes, *found), _rates(times, frames))
    kept = np.isin(table.frames, numbers)
    of_frames = frames[np.searchsorted(numbers, table.frames[kept])]
    if other := clock_notes(times[kept], of_frames):
        placed = np.zeros(len(times))
        placed[kept] = of_frames
        notes.append(f"{other[0]} It has a row for every frame: times are those of the frames")
        return RowTimes(placed, kept, tuple(notes), "")
    return RowTimes(times, whole, (*notes, *found), "")


def _rates(times: np.ndarray, frames: np.ndarray) -> str:
    """Says that rows and frames come at different rates; "" if they do not."""
    if len(times) < 2 or len(frames) < 2:
        return ""
    rows, shown = (1 / np.median(np.diff(each)) for each in (times, frames))
    if abs(rows / shown - 1) <= OTHER_RATE:
        return ""
    return f"{rows:.4g} rows a second for {shown:.4g} frames a second: intensities are interpolated"
