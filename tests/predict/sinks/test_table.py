"""The table of a recording, row by row."""

import csv
import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest

from affect_jax.predict.account import Account
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.table import Table
from affect_jax.predict.sources import Frame
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import Schema

HEADER = (
    "source,subject,clip,frame,face,time_seconds,success,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,"
    "quality,valence,arousal,expression,p_neutral,p_happy,p_sad"
)
SCHEMA = Schema("m@1", "whole_frame", 64, "tiny_3", ("valence_arousal", "emotion"), boxes=True)
UNFINISHED = f"table.csv.{os.getpid()}.part"
FRAME = Frame("a", 0, 0.0, None)


def read_table(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_rows_are_written_as_they_come_and_the_name_comes_last(tmp_path):
    path = tmp_path / "table.csv"
    values = {"valence_arousal": np.float32([0.1, -1 / 3]), "emotion": np.float32([0.2, 0.7, 0.1])}
    with Table(path, SCHEMA, Account("a")) as sink:
        sink.write(FRAME, Row("a, b.mp4", 0, 1 / 3, box=(1.0, 2.5, 30.0, 40.0), score=0.987654321, values=values))
        sink.write(FRAME, Row("a, b.mp4", 1, 0.4))
        assert not path.exists()
        part = path.with_name(UNFINISHED).read_text()
        assert part.count("\n") == 3
    lines = path.read_text().splitlines()
    assert lines[0] == HEADER
    assert lines[1].startswith('"a, b.mp4",,,0,0,0.3333333333333333,1,1.0,2.5,30.0,40.0,0.987654,,0.1,')
    assert lines[2] == '"a, b.mp4",,,1,,0.4,0,,,,,,,,,,,,'
    row = read_table(path)[0]
    assert row["expression"] == "happy" and np.float32(row["arousal"]) == np.float32(-1 / 3)
    assert sink.files == [path, tmp_path / "table.schema.json"]
    rows = read_rows(path)
    for name, value in values.items():
        np.testing.assert_array_equal(rows.values[name].astype(np.float32), [value, np.full(len(value), np.nan)])
    np.testing.assert_array_equal(rows.success, [True, False])
    np.testing.assert_array_equal(rows.boxes, [[1, 2.5, 30, 40, 0.987654], [np.nan] * 5])


def test_an_interrupted_table_never_bears_its_name_and_is_named(tmp_path, caplog):
    path = tmp_path / "table.csv"
    with caplog.at_level(logging.WARNING), pytest.raises(KeyboardInterrupt), Table(path, SCHEMA, Account("a")) as sink:
        sink.write(FRAME, Row("a", 0, 0.0))
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == [UNFINISHED]
    (message,) = caplog.messages
    assert message == (
        f"stopped before the end: the 1 rows so far are in {tmp_path / UNFINISHED}; "
        "the next run that writes table.csv removes it"
    )


def test_the_next_run_removes_what_a_killed_one_left(tmp_path):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    (tmp_path / f"table.csv.{done.pid}.part").write_text("a,b\n")
    with Table(tmp_path / "table.csv", SCHEMA, Account("a")) as sink:
        sink.write(FRAME, Row("a", 0, 0.0))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["table.csv", "table.schema.json"]


def test_faces_are_numbered_and_other_faces_are_noted_beside_the_table(tmp_path):
    account = Account("film.mp4")
    values = {"valence_arousal": np.float32([0.1, 0.2]), "emotion": np.float32([0.2, 0.7, 0.1])}
    found = [(0, 1), (0, None), (1, None), (1, 0), (2, 3)]
    with Table(tmp_path / "table.csv", SCHEMA, account) as sink:
        for index, (face, others) in enumerate(found):
            sink.write(
                FRAME, Row("a", index, index / 10, box=(1.0,) * 4, score=1.0, values=values, face=face, others=others)
            )
    np.testing.assert_array_equal(read_rows(tmp_path / "table.csv").face, [0, 0, 1, 1, 2])
    recording = json.loads((tmp_path / "table.schema.json").read_text())["recording"]
    assert recording == {"frames_searched_for_other_faces": 3, "frames_with_other_faces": 2}
    others, changes = account.notes()
    assert others.startswith("film.mp4: other faces are in 2 of 3 frames searched for them, first in a; ")
    assert changes == (
        "film.mp4: another face from frame 2 (0.20 s) on, and 1 more changes; the column face numbers them"
    )
