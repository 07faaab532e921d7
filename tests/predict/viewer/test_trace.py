"""What a page shows of a table equals the table, and other tables are refused by name."""

import csv

import numpy as np
import pytest
import viewed

from affect_jax.predict.viewer.trace import NO_FACE, read_traces

TIMES = (np.arange(45) * 0.04 + np.tile([0, 0.01, 0.02], 15)).tolist()


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "film.csv"
    viewed.write_table(path, "film.mp4", TIMES)
    return path


def test_a_trace_has_the_cells_of_its_table(table):
    source, (trace,) = read_traces(table)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    number = lambda row, name: float(row[name]) if row[name] else np.nan
    assert source == "film.mp4" and trace.name == "film" and not trace.is_label and len(trace) == len(rows)
    np.testing.assert_array_equal(trace.time_seconds, [float(row["time_seconds"]) for row in rows])
    np.testing.assert_array_equal(trace.frame, [int(row["frame"]) for row in rows])
    np.testing.assert_array_equal(trace.face, [int(row["face"] or NO_FACE) for row in rows])
    for name in ("valence", "arousal", "valence_lo", "valence_hi"):
        np.testing.assert_array_equal(trace.affect[name], [number(row, name) for row in rows])
    assert set(trace.affect) == {"valence", "arousal", "valence_lo", "valence_hi"}
    words = [trace.emotions[index] if index >= 0 else "" for index in trace.expression]
    assert words == [row["expression"] for row in rows] and trace.emotions == viewed.EMOTIONS
    for row, points, box in zip(rows, trace.landmarks, trace.box, strict=True):
        np.testing.assert_array_equal(points[67], [number(row, "x_67"), number(row, "y_67")])
        np.testing.assert_array_equal(box, [number(row, f"FaceRect{name}") for name in ("X", "Y", "Width", "Height")])


def test_rows_come_by_time_and_face_whatever_their_order_in_the_file(table):
    head, *lines = table.read_text().splitlines(keepends=True)
    _, (expected,) = read_traces(table)
    table.write_text(head + "".join(lines[::-1]))
    _, (found,) = read_traces(table)
    np.testing.assert_array_equal(found.frame, expected.frame)
    np.testing.assert_array_equal(found.affect["valence"], expected.affect["valence"])


def test_labels_are_a_trace_of_their_own(tmp_path):
    path = tmp_path / "predictions.csv"
    header = "source,clip,time_seconds,valence,arousal,label_valence,label_arousal,label_expression\n"
    path.write_text(f"{header}a/1.png,a,0.0,0.1,0.2,0.3,,sad\na/2.png,a,0.1,0.1,0.2,0.4,0.5,\n")
    _, (predicted, labels) = read_traces(path)
    assert labels.is_label and labels.name == "predictions (labels)"
    np.testing.assert_array_equal(predicted.affect["arousal"], [0.2, 0.2])
    np.testing.assert_array_equal(labels.affect["valence"], [0.3, 0.4])
    np.testing.assert_array_equal(labels.affect["arousal"], [np.nan, 0.5])
    assert labels.emotions == ("sad",) and labels.expression.tolist() == [0, -1]
    assert predicted.face.tolist() == [0, 0]  # without a column of faces, there is one


def test_of_several_recordings_the_one_of_the_video_is_taken(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text("clip,time_seconds,valence,arousal\none,0,0.1,0\ntwo,0,0.2,0\ntwo,1,0.3,0\n")
    _, (trace,) = read_traces(path, "videos/two.mp4")
    np.testing.assert_array_equal(trace.affect["valence"], [0.2, 0.3])
    with pytest.raises(ValueError, match=r"holds 2 recordings or images \(one, two, \.\.\.\).*by a --video"):
        read_traces(path, "three.mp4")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("time,valence,arousal\n0,1,1\n", "has the columns time, valence, arousal; expected time_seconds, and valence"),
        ("time_seconds,x\n0,1\n", "has the columns time_seconds, x; expected time_seconds, and valence"),
        ("time_seconds,valence\n0,1\n", "has no column arousal"),
        ("time_seconds,valence,arousal\n", "has no rows, so there is nothing to show"),
        ("time_seconds,valence,arousal\n,1,1\n", "has a row without a number in time_seconds"),
        ("time_seconds,frame,valence,arousal\n0,a,1,1\n", "has a row without a number in frame"),
        ("time_seconds,valence,arousal\n0,high,1\n", "valence has a cell that is no number"),
    ],
)
def test_a_table_that_cannot_be_shown_is_named_with_the_reason(tmp_path, content, message):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"table.csv.*{message}"):
        read_traces(path)


def test_intensities_are_shown_without_valence_and_arousal(tmp_path):
    path = tmp_path / "film.csv"
    header = "source,time_seconds,intensity_happy,intensity_anger,label_intensity_happy,intensity_happy_lo\n"
    path.write_text(f"{header}a.mp4,0,7.25,0,,6\na.mp4,0.1,,10,3,\n")
    _, (predicted, labels) = read_traces(path)
    assert set(predicted.affect) == {"intensity_happy", "intensity_anger", "intensity_happy_lo"}
    np.testing.assert_array_equal(predicted.affect["intensity_happy"], [7.25, np.nan])
    assert set(labels.affect) == {"intensity_happy"} and labels.is_label
    np.testing.assert_array_equal(labels.affect["intensity_happy"], [np.nan, 3])
