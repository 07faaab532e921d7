"""One row per recording and face, against plain Python in float64."""

import csv
import math
import statistics

import numpy as np
import pytest

from affect_jax.tables.clip_summary import NAME, durations, summarize, update_summary
from affect_jax.tables.frames import scan
from affect_jax.tables.schema import read_schema

TIMES = (0.0, 0.04, 0.08, 0.5, 0.54, 1.5)  # a variable frame rate
FACES = ((0,), (0, 2), (), (0, 2), (2,), (0, 2))


def summary_of(path):
    schema = read_schema(path)
    return summarize(scan(path, schema), schema)


def quadrant(row):
    positive, high = float(row["valence"]) >= 0, float(row["arousal"]) >= 0
    return f"time_share_{'positive' if positive else 'negative'}_valence_{'high' if high else 'low'}_arousal"


def test_every_statistic_is_that_of_plain_python(write_video):
    path = write_video(TIMES, FACES)
    with path.open() as file:
        table = list(csv.DictReader(file))
    steps = [0.04, 0.04, 0.42, 0.04, 0.96]
    standing = [*steps, statistics.median(steps)]
    found = summary_of(path)
    assert [row["face"] for row in found] == [0, 2]
    for row in found:
        rows = [each for each in table if each["face"] == str(row["face"])]
        assert (row["source"], row["frames"], row["frames_with_face"]) == ("a.mp4", 6, 4)
        assert row["fraction_missing"] == pytest.approx(2 / 6, rel=1e-12)
        assert row["duration_seconds"] == pytest.approx(1.54, rel=1e-12)
        for name in ("valence", "arousal"):
            numbers = [float(each[name]) for each in rows]
            assert row[f"{name}_mean"] == pytest.approx(statistics.fmean(numbers), rel=1e-12)
            assert row[f"{name}_sd"] == pytest.approx(statistics.stdev(numbers), rel=1e-12)
            assert (row[f"{name}_min"], row[f"{name}_max"]) == (min(numbers), max(numbers))
        seconds = dict.fromkeys([name for name in row if name.startswith("time_share_")], 0.0)
        assert len(seconds) == 4
        for each in rows:
            seconds[quadrant(each)] += standing[int(each["frame"])]
        for name, time in seconds.items():
            assert row[name] == pytest.approx(time / sum(seconds.values()), rel=1e-12), name
        assert row["expression"] in statistics.multimode(each["expression"] for each in rows)
        probability = statistics.fmean(float(each["p_contempt"]) for each in rows)
        assert row["p_contempt_mean"] == pytest.approx(probability, rel=1e-12)


def test_a_recording_without_a_face_has_a_row_and_a_single_frame_has_no_spread(write_video):
    (row,) = summary_of(write_video((0.0, 0.04), ((), ())))
    assert row["face"] is None and (row["frames"], row["frames_with_face"], row["fraction_missing"]) == (2, 0, 1)
    assert row["expression"] == "" and math.isnan(row["valence_mean"]) and math.isnan(row["p_fear_mean"])
    (row,) = summary_of(write_video((0.0,), ((3,),)))
    assert row["duration_seconds"] == 0 and math.isnan(row["valence_sd"]) and row["valence_min"] == row["valence_mean"]
    assert math.isnan(row["time_share_positive_valence_high_arousal"])
    np.testing.assert_array_equal(durations(np.array([0.0, 1, 0.5, 1.5])), [1, 0, 1, 1])  # clocks may run backwards


def test_a_summary_keeps_the_other_recordings_of_its_folder(write_video, tmp_path):
    rows = [summary_of(write_video(TIMES, FACES, name)) for name in ("a.mp4", "b.mp4")]
    path = tmp_path / NAME
    for each in (rows[0], rows[1], summary_of(write_video(TIMES, ((0,),) * 6, "a.mp4"))):
        update_summary(path, each)
    with path.open() as file:
        found = list(csv.DictReader(file))
    assert [(row["source"], row["face"]) for row in found] == [("b.mp4", "0"), ("b.mp4", "2"), ("a.mp4", "0")]
    assert float(found[1]["valence_sd"]) == rows[1][1]["valence_sd"] and found[2]["fraction_missing"] == "0.0"
