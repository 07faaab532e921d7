"""The table of a recording, row by row."""

import csv
import json
import logging

import numpy as np
import pytest

from affect_jax.predict.account import Account
from affect_jax.predict.journal import Journal
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.table import Table
from affect_jax.predict.sources import Frame, Video
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import Schema

HEADER = (
    "source,subject,clip,frame,face,time_seconds,success,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,"
    "quality,valence,arousal,expression,p_neutral,p_happy,p_sad"
)
SCHEMA = Schema("m@1", "whole_frame", 64, "tiny_3", ("valence_arousal", "emotion"), boxes=True)
UNFINISHED = ["table.csv.part", "table.resume.json"]
FRAME = Frame("a", 0, 0.0, None)


class Film(Video):
    start_seconds, damage = 0.0, ""

    def __init__(self):
        pass


def read_table(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


VALUES = {"valence_arousal": np.float32([0.1, -1 / 3]), "emotion": np.float32([0.2, 0.7, 0.1])}


def open_table(path, account=None):
    return Table(path, SCHEMA, account or Account("a"), Journal(path, {"input": "a"}))


def test_rows_are_written_as_they_come_and_the_name_comes_last(tmp_path):
    path = tmp_path / "table.csv"
    with open_table(path) as sink:
        row = Row("a, b.mp4", 0, 1 / 3, box=(1.0, 2.5, 30.0, 40.0), score=0.987654321, values=VALUES, face=0)
        sink.write(FRAME, [row])
        sink.write(FRAME, [Row("a, b.mp4", 1, 0.4)])
        assert not path.exists()
        assert path.with_name("table.csv.part").read_text().count("\n") == 3
    lines = path.read_text().splitlines()
    assert lines[0] == HEADER
    assert lines[1].startswith('"a, b.mp4",,,0,0,0.3333333333333333,1,1.0,2.5,30.0,40.0,0.987654,,0.1,')
    assert lines[2] == '"a, b.mp4",,,1,,0.4,0,,,,,,,,,,,,'
    assert read_table(path)[0]["expression"] == "happy"
    assert np.float32(read_table(path)[0]["arousal"]) == np.float32(-1 / 3)
    assert sink.files == [path, tmp_path / "table.schema.json"]


def test_a_table_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "table.csv"
    with open_table(path) as sink:
        rows = [
            Row("a", 0, 0.0, box=(1.0, 2.5, 30.0, 40.0), score=0.987654321, values=VALUES, face=0),
            Row("a", 1, 0.4),
        ]
        for row in rows:
            sink.write(FRAME, [row])
    rows = read_rows(path)
    for name, value in VALUES.items():
        np.testing.assert_array_equal(rows.values[name].astype(np.float32), [value, np.full(len(value), np.nan)])
    np.testing.assert_array_equal(rows.success, [True, False])
    np.testing.assert_array_equal(rows.boxes, [[1, 2.5, 30, 40, 0.987654], [np.nan] * 5])


def test_an_interrupted_table_never_bears_its_name_and_is_named(tmp_path, caplog):
    path = tmp_path / "table.csv"
    with caplog.at_level(logging.WARNING), pytest.raises(KeyboardInterrupt), open_table(path) as sink:
        sink.write(FRAME, [Row("a", 0, 0.0)])
        raise KeyboardInterrupt
    assert sorted(file.name for file in tmp_path.iterdir()) == UNFINISHED
    (message,) = caplog.messages
    assert message == (
        f"stopped before the end: the 1 rows so far are in {tmp_path / 'table.csv.part'}; "
        "the same command goes on from there"
    )


def test_an_interrupted_table_without_rows_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_table(tmp_path / "table.csv"):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_all_faces_have_rows_and_are_counted_beside_the_table(tmp_path):
    account = Account("film.mp4", Film())
    with open_table(tmp_path / "table.csv", account) as sink:
        for index, faces in enumerate([(0,), (0, 1), (), (1,), (0, 1, 2)]):
            rows = [Row("a", index, index / 10, box=(1.0,) * 4, score=1.0, values=VALUES, face=face) for face in faces]
            sink.write(FRAME, rows or [Row("a", index, index / 10)])
    assert [row["face"] for row in read_table(tmp_path / "table.csv")] == ["0", "0", "1", "", "1", "0", "1", "2"]
    recording = json.loads((tmp_path / "table.schema.json").read_text())["recording"]
    assert recording["faces"][1] == {
        "face": 1,
        "first_frame": 1,
        "first_seconds": 0.1,
        "last_frame": 4,
        "last_seconds": 0.4,
        "frames": 3,
    }
    del recording["faces"]
    assert recording == {
        "frames": 5,
        "frames_with_a_face": 4,
        "frames_with_several_faces": 2,
        "most_faces_at_once": 3,
        "start_seconds": 0.0,
        "clock_restarts": 0,
        "damage": "",
        "different_faces": 3,
    }
    assert account.notes() == [
        "film.mp4: several faces are in 2 of 5 frames, at most 3 at once; each has a row of its own",
        "film.mp4: 3 different faces, the second from frame 1 (0.10 s) on; the column face numbers them",
    ]
