"""Tables come back as they were written; what cannot be read is rejected with file and row."""

import dataclasses
import json

import numpy as np
import pytest
from intensity import made_rows

from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import Schema, sidecar
from affect_jax.tables.writing import RowWriter, write_rows


def group(columns):
    values = np.random.default_rng(0).normal(100, 50, (3, columns))
    values[1] = np.nan
    return values


@pytest.mark.parametrize("groups", [{}, {"landmarks": 136}, {"landmarks": 136, "blendshapes": 52}])
@pytest.mark.parametrize("boxes", [None, np.array([[1.5, 2, 3, 4, 0.5], [np.nan] * 5, [0, 0, 9, 9, 1]])])
def test_a_table_comes_back_as_it_was_written(tmp_path, boxes, groups):
    groups = {name: group(columns) for name, columns in groups.items()}
    rows, path = made_rows(boxes, **groups), tmp_path / "predictions.csv"
    write_rows(rows, path, "clip@200", "square 1.8")
    again = read_rows(path)
    for field in dataclasses.fields(rows):
        if field.name not in ("values", "labels", "boxes", "included"):
            np.testing.assert_array_equal(getattr(again, field.name), getattr(rows, field.name), err_msg=field.name)
    np.testing.assert_array_equal(again.values["intensity"], rows.values["intensity"])
    np.testing.assert_array_equal(again.labels["intensity"].value, rows.labels["intensity"].value)
    np.testing.assert_array_equal(again.labels["intensity"].weight, rows.labels["intensity"].weight)
    assert (again.boxes is None) == (boxes is None)
    if boxes is not None:
        np.testing.assert_array_equal(again.boxes, boxes)
    assert set(again.included) == set(groups)
    for name, values in groups.items():
        np.testing.assert_array_equal(again.included[name], values, err_msg=name)
    assert {file.name for file in tmp_path.iterdir()} == {"predictions.csv", "predictions.schema.json"}


OLD_TABLE = """source,subject,clip,frame,face,time_seconds,success,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,\
FaceScore,left,right
a.mp4,,,0,0,0.0,1,1.0,2.0,3.0,4.0,0.5,0.1,5
a.mp4,,,1,0,0.04,0,,,,,,,
"""
OLD_SCHEMA = {
    "schema_version": 1,
    **{"model": "clip@200", "crop": "square 1.8", "crop_px": 64, "label_set": "affectnet_8"},
    **{"quantities": ["intensity"], "labeled": [], "boxes": True, "columns": OLD_TABLE.split("\n")[0].split(",")},
}


def test_a_table_of_version_1_is_read(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text(OLD_TABLE)
    sidecar(path).write_text(json.dumps(OLD_SCHEMA))
    rows = read_rows(path)
    np.testing.assert_array_equal(rows.face, [0, -1])  # version 1 numbers rows without a face
    np.testing.assert_array_equal(rows.boxes, [[1, 2, 3, 4, 0.5], [np.nan] * 5])
    np.testing.assert_array_equal(rows.values["intensity"], [[0.1, 5], [np.nan, np.nan]])
    assert rows.quality is None and not rows.included


def test_a_table_without_rows(tmp_path):
    RowWriter(tmp_path / "a.csv", Schema("m", "c", 64, "affectnet_8", ("intensity", "emotion"), boxes=True)).close()
    rows = read_rows(tmp_path / "a.csv")
    assert len(rows) == 0 and rows.values["emotion"].shape == (0, 8) and rows.boxes.shape == (0, 5)


def test_a_table_is_not_read_without_a_schema_that_is_understood(tmp_path):
    path = tmp_path / "predictions.csv"
    write_rows(made_rows(), path, "m", "c")
    content = json.loads(sidecar(path).read_text())
    for change, message in (
        (
            {"schema_version": 3},
            r"predictions\.schema\.json has schema_version 3, but this version of affect_jax reads 1 and 2;",
        ),
        (
            {"include": ["pose"]},
            r"schema\.json is damaged \(unknown group of columns 'pose'; choose from landmarks, blendshapes\)",
        ),
        (
            {"quantities": ["landmarks"], "include": ["landmarks"]},
            r"damaged \(include=landmarks would repeat the column x_0, which a quantity has; drop it\)",
        ),
        (
            {"quantities": ["mood"]},
            r"schema\.json is damaged \(unknown quantity 'mood'; choose one of emotion, intensity",
        ),
        (
            {"columns": ["source"]},
            r"schema\.json lists the columns source, but its quantities have source, subject, clip",
        ),
        ({"columns": 3}, r"schema\.json lists the columns 3, but its quantities have source"),
        ({"columns": None}, r"schema\.json lists the columns None, but its quantities have source"),
    ):
        sidecar(path).write_text(json.dumps({**content, **change}))
        with pytest.raises(ValueError, match=message):
            read_rows(path)
    del content["crop"]
    sidecar(path).write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match=r"schema\.json is damaged \(.*'crop'\); run launch.evaluate or launch.predict again"
    ):
        read_rows(path)
    sidecar(path).write_text("{")
    with pytest.raises(
        ValueError, match=r"schema\.json is not JSON \(.*\); run launch.evaluate or launch.predict again"
    ):
        read_rows(path)
    sidecar(path).unlink()
    with pytest.raises(ValueError, match=r"schema\.json is missing: it describes the columns of predictions\.csv"):
        read_rows(path)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("frame", "1.5"),
        ("frame", "99999999999999999999"),
        ("time_seconds", ""),
        ("time_seconds", "inf"),
        ("face", "-"),
        ("success", "yes"),
        ("success", "99999999999999999999"),
        ("left", "x"),
        ("left", "-inf"),
    ]
    + [("label_right", "y"), ("label_right", "inf")],
)
def test_a_damaged_cell_is_named_with_file_and_row(tmp_path, column, cell):
    path = tmp_path / "predictions.csv"
    write_rows(made_rows(), path, "m", "c")
    lines = path.read_text().splitlines()
    cells = lines[2].split(",")
    cells[lines[0].split(",").index(column)] = cell
    path.write_text("\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n")
    with pytest.raises(
        ValueError, match=rf"predictions\.csv, row 3: .*{column} is '{cell}'; the file was changed by hand"
    ):
        read_rows(path)
    path.write_text("\n".join([*lines[:3], "d.jpg,ben"]) + "\n")
    with pytest.raises(ValueError, match=r"predictions\.csv, row 4: 2 cells, expected 11; the file may be cut off"):
        read_rows(path)


def test_a_face_without_a_number_is_named(tmp_path):
    path = tmp_path / "predictions.csv"
    write_rows(made_rows(), path, "m", "c")
    path.write_text(path.read_text().replace("ben,,0,2,", "ben,,0,,"))
    with pytest.raises(ValueError, match=r"predictions\.csv, row 4: face is '', though success is 1; the file was"):
        read_rows(path)
