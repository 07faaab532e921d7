"""Tables with a quantity defined in the test, written at once and row by row, and what is rejected on reading."""

import dataclasses
import json
import os

import numpy as np
import pytest

from affect_jax.metrics.moments import PairMoments
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.tables.reading import read_rows
from affect_jax.tables.rows import Rows
from affect_jax.tables.schema import Schema, read_schema, sidecar
from affect_jax.tables.writing import RowWriter, write_rows
from affect_jax.types import Label, Labels


class Intensity(Quantity):
    """How strong an expression is, from 0 to 5, for two halves of a face."""

    name = "intensity"
    description = "intensity in [0, 5]"

    def label_shape(self, label_set):
        return (2,)

    def report(self, output, crop_px):
        return np.clip(output, 0, 5)

    def columns(self, label_set):
        return ("left", "right")

    def state(self, value, label, crop_px):
        return PairMoments.of(value, label.value, label.weight)

    def scores(self, state):
        return {}


@pytest.fixture(autouse=True)
def intensity(monkeypatch):
    monkeypatch.setitem(QUANTITIES, "intensity", Intensity())


def made_rows(boxes=None):
    return Rows(
        label_set="affectnet_8",
        crop_px=64,
        source=("a, \u201cb\u201d.jpg", "c.jpg", "d.jpg"),
        subject=("anna", "", "ben"),
        clip=("1", "1", ""),
        frame=np.array([0, 7, 0]),
        face=np.array([0, 1, 0]),
        time_seconds=np.array([0, 1 / 3, 1e-7]),
        values={"intensity": np.array([[0.1, 5], [np.nan, np.nan], [2 / 3, 1e-9]])},
        labels=Labels(intensity=Label(np.array([[1.5, 2], [3, 4], [0, 0]]), np.array([1.0, 1, 0]))),
        success=np.array([True, False, True]),
        boxes=boxes,
    )


@pytest.mark.parametrize("boxes", [None, np.array([[1.5, 2, 3, 4, 0.5], [np.nan] * 5, [0, 0, 9, 9, 1]])])
def test_a_table_comes_back_as_it_was_written(tmp_path, boxes):
    rows, path = made_rows(boxes), tmp_path / "predictions.csv"
    write_rows(rows, path, "clip@200", "square 1.8")
    again = read_rows(path)
    for field in dataclasses.fields(rows):
        if field.name not in ("values", "labels", "boxes"):
            np.testing.assert_array_equal(getattr(again, field.name), getattr(rows, field.name), err_msg=field.name)
    np.testing.assert_array_equal(again.values["intensity"], rows.values["intensity"])
    np.testing.assert_array_equal(again.labels["intensity"].value, rows.labels["intensity"].value)
    np.testing.assert_array_equal(again.labels["intensity"].weight, rows.labels["intensity"].weight)
    assert (again.boxes is None) == (boxes is None)
    if boxes is not None:
        np.testing.assert_array_equal(again.boxes, boxes)
    assert {file.name for file in tmp_path.iterdir()} == {"predictions.csv", "predictions.schema.json"}


def test_the_schema_describes_the_columns(tmp_path):
    path = tmp_path / "predictions.csv"
    write_rows(made_rows(), path, "clip@200", "square 1.8")
    content = json.loads(sidecar(path).read_text())
    assert content == {
        "schema_version": 1,
        "model": "clip@200",
        "crop": "square 1.8",
        "crop_px": 64,
        "label_set": "affectnet_8",
        "quantities": ["intensity"],
        "labeled": ["intensity"],
        "boxes": False,
        "columns": "source subject clip frame face time_seconds success left right label_left label_right".split(),
    }
    assert path.read_text().splitlines()[0] == ",".join(content["columns"])


def test_rows_written_one_by_one_are_those_written_at_once(tmp_path):
    rows, paths = made_rows(), [tmp_path / "whole.csv", tmp_path / "rows.csv"]
    rows = dataclasses.replace(rows, labels=Labels())
    write_rows(rows, paths[0], "m", "c")
    writer = RowWriter(paths[1], read_schema(paths[0]))
    for row in range(len(rows)):
        keys = {name: getattr(rows, name)[row] for name in ("source", "subject", "clip", "frame", "face")}
        keys["time_seconds"] = rows.time_seconds[row]
        writer.write(keys, {"intensity": rows.values["intensity"][row]} if rows.success[row] else None)
    assert not paths[1].exists()
    writer.close()
    assert paths[1].read_text() == paths[0].read_text()
    assert sidecar(paths[1]).read_text() == sidecar(paths[0]).read_text()


def test_a_table_that_is_given_up_keeps_its_rows_beside_its_name(tmp_path):
    schema = Schema("m", "c", 64, "affectnet_8", ("intensity",))
    empty = RowWriter(tmp_path / "empty.csv", schema)
    empty.abandon()
    assert not list(tmp_path.iterdir())
    writer = RowWriter(tmp_path / "a.csv", schema)
    writer.write({"source": "a", "frame": 0, "face": 0, "time_seconds": 0.0}, None)
    writer.abandon()
    (part,) = tmp_path.iterdir()
    assert part.name == f"a.csv.{os.getpid()}.part" and part.read_text().endswith("a,,,0,0,0.0,0,,\n")


def test_numbers_of_single_precision_stay_short(tmp_path):
    writer = RowWriter(tmp_path / "a.csv", Schema("m", "c", 64, "affectnet_8", ("intensity",)))
    writer.write({"source": "a", "frame": 0, "face": 0, "time_seconds": 0.1}, {"intensity": np.float32([0.1, 1 / 3])})
    writer.close()
    assert (tmp_path / "a.csv").read_text().endswith("0.1,1,0.1,0.33333334\n")
    np.testing.assert_array_equal(
        np.float32(read_rows(tmp_path / "a.csv").values["intensity"]), np.float32([[0.1, 1 / 3]])
    )


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
            {"schema_version": 2},
            r"predictions\.schema\.json has schema_version 2, but this version of affect_jax reads 1;",
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
    [("frame", "1.5"), ("time_seconds", ""), ("success", "yes"), ("left", "x"), ("label_right", "y")],
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
