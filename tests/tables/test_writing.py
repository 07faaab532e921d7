"""Tables written at once and row by row, and the schema beside them."""

import dataclasses
import json

import numpy as np
from intensity import made_rows

from affect_jax.tables.groups import BLENDSHAPES
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import Schema, read_schema, sidecar
from affect_jax.tables.writing import RowWriter, write_rows
from affect_jax.types import Labels


def test_the_schema_describes_the_columns(tmp_path):
    path = tmp_path / "predictions.csv"
    write_rows(made_rows(), path, "clip@200", "square 1.8", "ab" * 32)
    content = json.loads(sidecar(path).read_text())
    assert content == {
        "schema_version": 2,
        "model": "clip@200",
        "crop": "square 1.8",
        "crop_px": 64,
        "label_set": "affectnet_8",
        "quantities": ["intensity"],
        "labeled": ["intensity"],
        "boxes": False,
        "include": [],
        "network_sha256": "ab" * 32,
        "columns": "source subject clip frame face time_seconds success left right label_left label_right".split(),
        "units": {
            **{"source": "text", "subject": "text", "clip": "text", "frame": "index", "face": "index"},
            **{"time_seconds": "s", "success": "0 or 1"},
            **dict.fromkeys(["left", "right", "label_left", "label_right"], "1"),
        },
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
    assert part.name == "a.csv.part" and part.read_text().endswith("a,,,0,,0.0,0,,\n")


def test_numbers_of_single_precision_stay_short(tmp_path):
    writer = RowWriter(tmp_path / "a.csv", Schema("m", "c", 64, "affectnet_8", ("intensity",)))
    writer.write({"source": "a", "frame": 0, "face": 0, "time_seconds": 0.1}, {"intensity": np.float32([0.1, 1 / 3])})
    writer.close()
    assert (tmp_path / "a.csv").read_text().endswith("0.1,1,0.1,0.33333334\n")
    np.testing.assert_array_equal(
        np.float32(read_rows(tmp_path / "a.csv").values["intensity"]), np.float32([[0.1, 1 / 3]])
    )


def test_optional_groups_are_columns_of_their_own(tmp_path):
    schema = Schema("m", "c", 64, "affectnet_8", ("intensity",), boxes=True, include=("blendshapes", "landmarks"))
    assert schema.columns[15:] == (*(f"{axis}_{n}" for axis in "xy" for n in range(68)), *BLENDSHAPES)
    assert schema.units["x_0"] == schema.units["FaceRectX"] == "px" and schema.units["jawOpen"] == "1"
    landmarks = np.arange(136, dtype=np.float32).reshape(68, 2) / 8
    keys = {"source": "a", "frame": 3, "face": 1, "time_seconds": 0.1}
    writer = RowWriter(tmp_path / "a.csv", schema)
    writer.write(
        keys,
        {"intensity": np.array([1.0, 2])},
        (1.0, 2.0, 3.0, 4.0, 0.5),
        quality=0.25,
        landmarks=landmarks,
        blendshapes=np.arange(52) / 64,
    )
    writer.write({**keys, "frame": 4}, None)
    writer.close()
    rows = read_rows(tmp_path / "a.csv")
    np.testing.assert_array_equal(rows.included["landmarks"][0].reshape(2, 68).T, landmarks)
    np.testing.assert_array_equal(rows.included["blendshapes"][0] * 64, np.arange(52))
    np.testing.assert_array_equal(rows.quality, [0.25, np.nan])
    assert np.isnan(rows.included["landmarks"][1]).all() and list(rows.face) == [1, -1]
