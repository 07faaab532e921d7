"""The preset of OpenFace, read back by the reader of its tables."""

import csv

import numpy as np
import polars
import pytest

from affect_jax.files.openface import read_openface
from affect_jax.tables.export import write_preset
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import Schema
from affect_jax.tables.writing import RowWriter


def as_ours(tracked, path):
    """A table of ours with the landmarks of a table of OpenFace."""
    writer = RowWriter(
        path, Schema("m", "c", 64, "affectnet_8", ("valence_arousal",), boxes=True, include=("landmarks",))
    )
    values = {"valence_arousal": np.float32([0.5, -0.25])}
    for number, found, points, time in zip(
        tracked.numbers, tracked.found, tracked.landmarks, tracked.times_seconds, strict=True
    ):
        keys = {"source": "a.mp4", "frame": int(number), "face": 0, "time_seconds": float(time)}
        given = {"box": (1.0, 2.0, 3.0, 4.0, 0.75), "landmarks": points} if found else {}
        writer.write(keys, values if found else None, **given)
    writer.close()


def test_a_table_of_openface_comes_back_through_ours(tmp_path, shared_data):
    original = shared_data / "labels" / "openface2.csv"
    tracked = read_openface(original)
    missing = tracked.found.copy()
    missing[3:5] = False  # two frames without a face
    tracked = tracked._replace(found=missing, landmarks=np.where(missing[:, None, None], tracked.landmarks, 0))
    as_ours(tracked, tmp_path / "a.csv")
    target, _ = write_preset(tmp_path / "a.csv", "openface")
    again = read_openface(target)
    assert len(again.numbers) == 100 and not again.unusable
    for name in ("numbers", "found", "landmarks", "times_seconds"):
        np.testing.assert_array_equal(getattr(again, name), getattr(tracked, name), err_msg=name)
    with original.open(newline="") as file:
        theirs = [column.strip() for column in next(csv.reader(file))]
    columns = polars.read_csv(target).columns
    assert [name for name in columns if name in theirs] == [
        name
        for name in theirs
        if name in columns  # the same order
    ]
    assert set(columns) - set(theirs) == {"face_id", "valence", "arousal"}


def test_frames_count_from_1_and_a_frame_without_a_face_has_zeros(write_video):
    path = write_video((0.0, 0.04, 0.08), ((0, 1), (), (1,)))
    target, beside = write_preset(path, "openface")
    assert target.name == "a_openface.csv" and beside.name == "a_openface.json"
    with target.open() as file:
        rows = list(csv.DictReader(file))
    ours = read_rows(path)
    keys = [(row["frame"], row["face_id"], row["timestamp"], row["confidence"], row["success"]) for row in rows]
    assert keys == [
        ("1", "0", "0.0", "0.5", "1"),
        ("1", "1", "0.0", "0.625", "1"),
        ("2", "0", "0.04", "0.0", "0"),
        ("3", "1", "0.08", "0.625", "1"),
    ]
    assert rows[2]["x_0"] == rows[2]["y_67"] == "0.0" and rows[2]["valence"] == rows[2]["expression"] == ""
    points = [[float(row[f"{axis}_{number}"]) for axis in "xy" for number in range(68)] for row in rows]
    np.testing.assert_array_equal(points, np.nan_to_num(ours.included["landmarks"]))
    assert list(rows[0])[:7] == ["frame", "face_id", "timestamp", "confidence", "success", "x_0", "x_1"]
    assert list(rows[0])[141:144] == ["valence", "arousal", "expression"]


def test_a_table_without_landmarks_is_refused(write_video):
    path = write_video((0.0,), ((0,),), include=())
    message = r"columns=openface needs the landmarks of each face; predict with include=landmarks"
    with pytest.raises(ValueError, match=message):
        write_preset(path, "openface")
