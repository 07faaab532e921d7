"""Rows of tables and frames of recordings: whose clock counts, and what cannot belong together."""

import numpy as np
import pytest

from affect_jax.data.action_units.rows_of_frames import row_times
from affect_jax.data.action_units.unit_tables import UnitTable
from affect_jax.data.action_units.unit_traces import UnitTraces


def _times(table, numbers, fps):
    """The times of rows, for a recording with frames of these numbers."""
    numbers = np.asarray(numbers)
    return row_times(table, numbers, numbers / fps)


def _table(times, frames=None, has_clock=False):
    times = np.asarray(times, float)
    rows, units = len(times), np.zeros((len(times), 1))
    traces = UnitTraces("t.csv", (12,), units, units, np.ones(rows, bool), times)
    frames = np.arange(rows) if frames is None else np.asarray(frames)
    return UnitTable(traces, 5.0, frames, has_clock, ())


def test_rows_have_their_own_times():
    found = _times(_table(np.arange(30) / 25), range(30), 25)
    np.testing.assert_allclose(found.times_seconds, np.arange(30) / 25)
    assert found.kept.all() and not found.notes and not found.rates


def test_a_table_of_another_rate_is_named_and_keeps_its_times():
    found = _times(_table(np.arange(120) / 60), range(60), 30)
    np.testing.assert_allclose(found.times_seconds, np.arange(120) / 60)
    assert found.rates == "60 rows a second for 30 frames a second: intensities are interpolated"


def test_a_row_for_every_frame_takes_the_times_of_the_frames():
    # The table counts 30 frames a second; those of the recording are 25 a second, and frame 3 was not extracted.
    numbers = [number for number in range(60) if number != 3]
    found = _times(_table(np.arange(60) / 30), numbers, 25)
    np.testing.assert_array_equal(np.flatnonzero(~found.kept), [3])
    np.testing.assert_allclose(found.times_seconds[found.kept], np.array(numbers) / 25)
    assert "the time stamps of the table span 1.97 s and those of the same frames 2.36 s" in found.notes[0]
    assert found.notes[0].endswith("It has a row for every frame: times are those of the frames")


def test_a_clock_of_a_device_begins_with_the_recording():
    times = 81234.5 + np.arange(30) / 25
    found = _times(_table(times, has_clock=True), range(30), 25)
    np.testing.assert_allclose(found.times_seconds, np.arange(30) / 25, atol=1e-9)
    assert found.notes == ("the clock of the table begins at 81234.5 s: its first row is taken for the first frame",)
    with pytest.raises(ValueError, match=r"t.csv: the labels run from 8.12e\+04|t.csv: the labels run from 81234"):
        _times(_table(times), range(30), 25)


def test_a_face_that_appears_later_keeps_its_time():
    found = _times(_table(np.arange(20, 30) / 25, np.arange(20, 30), has_clock=True), range(30), 25)
    np.testing.assert_allclose(found.times_seconds, np.arange(20, 30) / 25)


def test_times_in_milliseconds_are_refused():
    with pytest.raises(ValueError, match="are they milliseconds"):
        _times(_table(np.arange(30) * 40.0), range(30), 25)
