"""The layout of BIDS against the rules of version 1.11.1, written out from its schema.

The validator of BIDS (bids-validator-deno 3.0.2) was run by hand; see docs/decisions/tables.md.
"""

import csv
import gzip
import json
import re

import numpy as np
import pytest

from affect_jax.tables.formats.bids import sampling_frequency, write_bids
from affect_jax.tables.formats.bids_names import bids_name
from affect_jax.tables.frames import read_frame
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import read_schema

NAME = "sub-01_ses-2_task-rest_video.mp4"
# rules/files/raw/task.yaml (timeseries) and common derivatives; order of rules/entities.yaml
ENTITIES = r"sub-[0-9A-Za-z]+(_ses-[0-9A-Za-z]+)?_task-[0-9A-Za-z]+(_acq-[0-9A-Za-z]+)?(_run-[0-9]+)?"
PHYSIO = r"(_recording-[0-9A-Za-z]+)?_desc-[0-9A-Za-z]+_physio\.(tsv\.gz|json)"
TABLE = r"_desc-[0-9A-Za-z]+_beh\.(tsv|json)"
FILE = re.compile(f"{ENTITIES}({PHYSIO}|{TABLE})")
EVEN = np.arange(5) / 25


def written(path, output, name=NAME):
    files = write_bids(read_frame(path), read_schema(path), bids_name(name), output)
    root = output / "derivatives" / "affect_jax"
    data = sorted(file for file in root.rglob("*") if file.is_file() and file.parent != root)
    assert all(file.is_file() for file in files) and all(FILE.fullmatch(file.name) for file in data)
    return root, data


def cells(path):
    """Rows of a time series, and the content of its JSON file."""
    raw = path.read_bytes()
    compressed = path.name.endswith(".tsv.gz")
    text = (gzip.decompress(raw) if compressed else raw).decode()
    about = json.loads((path.parent / f"{path.name.partition('.')[0]}.json").read_text())
    rows = list(csv.reader(text.splitlines(), delimiter="\t"))
    assert "" not in [cell for row in rows for cell in row]  # missing values are n/a
    return rows, about


def test_a_face_at_a_constant_rate_is_a_physiological_recording(write_video, tmp_path):
    path = write_video(EVEN, ((0,), (0,), (), (0,), (0,)), include=())
    root, data = written(path, tmp_path / "out")
    stem = "sub-01_ses-2_task-rest_desc-affect_physio"
    assert [file.relative_to(root).as_posix() for file in data] == [
        f"sub-01/ses-2/beh/{stem}.json",
        f"sub-01/ses-2/beh/{stem}.tsv.gz",
    ]
    rows, about = cells(data[1])
    # rules/sidecars/continuous.yaml: three are required, PhysioType is recommended
    assert about["SamplingFrequency"] == pytest.approx(25, rel=1e-12) and about["StartTime"] == 0
    assert about["PhysioType"] == "generic" and about["Columns"][:2] == ["timestamp", "success"]
    assert (about["Model"], about["Crop"]) == ("clip@9", "c") and "Levels" in about["expression"]
    for name in about["Columns"]:
        assert about[name]["Description"] and (name == "expression" or about[name]["Units"])
    assert (about["timestamp"]["Units"], about["FaceRectX"]["Units"], about["valence"]["Units"]) == ("s", "pixel", "1")
    assert {len(row) for row in rows} == {len(about["Columns"])}  # no header
    columns = dict(zip(about["Columns"], zip(*rows, strict=True), strict=True))
    ours = read_rows(path)
    np.testing.assert_array_equal(np.float64(columns["timestamp"]), EVEN)
    assert columns["success"] == ("1", "1", "0", "1", "1") and columns["valence"][2] == "n/a"
    arousal = [float(cell) for cell in columns["arousal"] if cell != "n/a"]
    np.testing.assert_array_equal(arousal, ours.values["valence_arousal"][[0, 1, 3, 4], 1])
    described = json.loads((root / "dataset_description.json").read_text())
    assert described["BIDSVersion"] == "1.11.1" and described["DatasetType"] == "derivative"
    assert described["Name"] and described["GeneratedBy"][0]["Name"] == "affect_jax"
    assert (root / "README.md").exists()


def test_a_variable_rate_keeps_its_times_in_a_table_with_a_header(write_video, tmp_path):
    times = np.array([0.0, 0.04, 0.12, 0.13, 0.5])
    path = write_video(times, ((0,),) * 5)
    _, data = written(path, tmp_path / "out")
    assert [file.name for file in data] == [
        "sub-01_ses-2_task-rest_desc-affect_beh.json",
        "sub-01_ses-2_task-rest_desc-affect_beh.tsv",
    ]
    rows, about = cells(data[1])
    assert rows[0][:2] == ["timestamp", "success"] and set(rows[0]) <= set(about)
    assert "SamplingFrequency" not in about and "Columns" not in about
    np.testing.assert_array_equal([float(row[0]) for row in rows[1:]], times)


def test_several_faces_have_a_file_each_with_every_frame(write_video, tmp_path):
    path = write_video(EVEN, ((0, 3), (0,), (), (3,), (0, 3)), include=())
    _, data = written(path, tmp_path / "out")
    series = [file for file in data if file.name.endswith(".gz")]
    assert [file.name for file in series] == [
        f"sub-01_ses-2_task-rest_recording-face{face}_desc-affect_physio.tsv.gz" for face in (0, 3)
    ]
    found = [[row[1] for row in cells(file)[0]] for file in series]
    assert found == [["1", "1", "0", "0", "1"], ["1", "0", "0", "1", "1"]]
    # Predicted again with one face: the other files of the recording are gone, those of other recordings are not.
    written(path, tmp_path / "out", "sub-01_ses-2_task-rest_run-1.mp4")
    _, data = written(write_video(EVEN, ((0,),) * 5, include=()), tmp_path / "out")
    assert sorted({file.name.partition("_desc")[0] for file in data}) == [
        "sub-01_ses-2_task-rest",
        "sub-01_ses-2_task-rest_run-1_recording-face0",
        "sub-01_ses-2_task-rest_run-1_recording-face3",
    ]


def test_tables_of_several_faces_have_the_face_in_their_description(write_video, tmp_path):
    path = write_video((0.0, 0.1, 0.5), ((0, 1), (0,), (1,)))
    _, data = written(path, tmp_path / "out")
    assert [file.name for file in data if file.name.endswith("tsv")] == [
        f"sub-01_ses-2_task-rest_desc-affectface{face}_beh.tsv" for face in (0, 1)
    ]
    assert len(written(write_video((0.0, 0.1, 0.5), ((0,),) * 3), tmp_path / "out")[1]) == 2


def test_a_recording_without_a_face_has_its_frames(write_video, tmp_path):
    _, data = written(write_video(EVEN, ((),) * 5), tmp_path / "out")
    rows, about = cells(data[1])
    assert len(rows) == 5 and {cell for row in rows for cell in row[2:]} == {"n/a"}
    assert [row[1] for row in rows] == ["0"] * 5 and about["Columns"][1] == "success"


def test_a_rate_is_constant_to_a_millisecond():
    ntsc = np.arange(2000) * 1001 / 30000
    assert sampling_frequency(ntsc) == pytest.approx(30000 / 1001, rel=1e-9)
    assert sampling_frequency(ntsc.round(3)) == pytest.approx(30000 / 1001, rel=1e-6)  # as in WebM
    dropped = np.delete(ntsc, 1000)
    assert sampling_frequency(dropped) is None
    assert sampling_frequency(np.array([0.0])) is None and sampling_frequency(np.zeros(3)) is None
