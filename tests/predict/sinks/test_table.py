"""The table of a recording, row by row."""

import csv
import os

import numpy as np
import pytest

from affect_jax.predict.row import Row
from affect_jax.predict.sinks.table import Table
from affect_jax.predict.sources import Frame

HEADER = (
    "input,frame,timestamp,face_id,success,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,"
    "valence,arousal,expression,p_neutral,p_happy,p_sad,model,crop"
)
UNFINISHED = f"table.csv.{os.getpid()}.part"
FRAME = Frame("a", 0, 0.0, None)


def read_table(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_rows_are_written_as_they_come_and_the_name_comes_last(tmp_path):
    path = tmp_path / "table.csv"
    values = np.float32([0.1, -1 / 3, 0.2, 0.7, 0.1])
    with Table(path, ("neutral", "happy", "sad"), "m@1", "whole_frame") as sink:
        sink.write(FRAME, Row("a, b.mp4", 0, 1 / 3, box=(1.0, 2.5, 30.0, 40.0), score=0.987654321, values=values))
        sink.write(FRAME, Row("a, b.mp4", 1, 0.4))
        assert not path.exists()
        part = path.with_name(UNFINISHED).read_text()
        assert part.count("\n") == 3
    lines = path.read_text().splitlines()
    assert lines[0] == HEADER
    assert lines[1].startswith('"a, b.mp4",0,0.333333,0,1,1.00,2.50,30.00,40.00,0.987654,0.1,')
    assert lines[2] == '"a, b.mp4",1,0.400000,0,0,,,,,,,,,,,,m@1,whole_frame'
    row = read_table(path)[0]
    assert row["expression"] == "happy" and np.float32(row["arousal"]) == values[1]  # numbers read back exactly
    assert sink.files == [path]


def test_an_interrupted_table_never_bears_its_name(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(KeyboardInterrupt), Table(path, (), "m", "c") as sink:
        sink.write(FRAME, Row("a", 0, 0.0))
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == [UNFINISHED]
