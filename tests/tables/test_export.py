"""One call from a finished table to what somebody asked for."""

import csv

import polars
import pytest

from affect_jax.tables.export import Export, export_table
from affect_jax.tables.frames import read_frame
from affect_jax.tables.reading import read_rows

NAME = "sub-01_task-rest.mp4"
AFFECT = ("valence_arousal", "emotion")


def names(files, folder):
    return [file.relative_to(folder).as_posix() for file in files]


def test_by_default_the_table_stays_and_gets_a_summary(write_video, tmp_path):
    path = write_video((0.0, 0.04), ((0,), (0, 1)))
    before = path.read_bytes()
    assert names(export_table(path, Export()), tmp_path) == ["a.csv", "summary_per_clip.csv"]
    assert path.read_bytes() == before
    with (tmp_path / "summary_per_clip.csv").open() as file:
        assert [row["face"] for row in csv.DictReader(file)] == ["0", "1"]
    (tmp_path / "summary_per_clip.csv").unlink()
    assert names(export_table(path, Export(), is_recording=False), tmp_path) == ["a.csv"]
    assert not (tmp_path / "summary_per_clip.csv").exists()


@pytest.mark.parametrize("columns", ["openface", "pyfeat"])
def test_parquet_takes_the_place_of_csv_for_all_tables(write_video, tmp_path, columns):
    path = write_video((0.0, 0.04), ((0,), ()))
    as_csv, converted = read_frame(path), export_table(path, Export(columns=columns))[1]
    of_csv = polars.read_csv(converted)
    converted.unlink()
    files = export_table(path, Export(format="parquet", columns=columns))
    assert names(files, tmp_path) == ["a.parquet", f"a_{columns}.parquet", f"a_{columns}.json", "summary_per_clip.csv"]
    assert {file.name for file in tmp_path.iterdir()} == {*names(files, tmp_path), "a.schema.json"}
    assert read_frame(tmp_path / "a.parquet").equals(as_csv)
    assert read_rows(tmp_path / "a.parquet").face.tolist() == [0, -1]
    parquet = polars.read_parquet(files[1])
    export_table(write_video((0.0,), ((0,),)), Export())
    assert not (tmp_path / "a.parquet").exists()  # its schema is now that of another table
    assert parquet.cast(of_csv.schema).equals(of_csv)  # a CSV of missing numbers only has no type


def test_the_layout_of_bids_stands_beside_the_table(write_video, tmp_path):
    path = write_video((0.0, 0.04), ((0,), (0,)), NAME)
    files = export_table(path, Export(layout="bids"))
    assert names(files, tmp_path)[2:] == [
        "derivatives/affect_jax/dataset_description.json",
        "derivatives/affect_jax/README.md",
        "derivatives/affect_jax/.bidsignore",
        "derivatives/affect_jax/sub-01/beh/sub-01_task-rest_desc-affect_physio.tsv.gz",
        "derivatives/affect_jax/sub-01/beh/sub-01_task-rest_desc-affect_physio.json",
    ]
    again = export_table(path, Export(layout="bids", participant="7", task="talk"))
    assert names(again, tmp_path)[-1].endswith("sub-7/beh/sub-7_task-talk_desc-affect_physio.json")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"format": "xlsx"}, "format=xlsx is unknown; choose one of csv, parquet"),
        ({"columns": "openface3"}, "columns=openface3 is unknown; choose one of affect_jax, openface, pyfeat"),
        ({"layout": "tree"}, "layout=tree is unknown; choose one of flat, bids"),
        ({"task": "rest"}, "participant and task are labels of layout=bids and have no effect without it; drop them"),
    ],
)
def test_an_unknown_choice_is_refused(wanted, message):
    with pytest.raises(ValueError) as caught:
        Export(**wanted)
    assert str(caught.value) == message


def test_what_cannot_be_exported_is_refused_before_the_prediction():
    with pytest.raises(
        ValueError, match=r"columns=pyfeat needs the landmarks of each face; predict with include=landm"
    ):
        Export(columns="pyfeat").check([NAME], [], ("blendshapes",), AFFECT)
    with pytest.raises(ValueError, match=r"layout=bids is for recordings; b\.jpg is an image"):
        Export(layout="bids").check([NAME], ["b.jpg"], (), AFFECT)
    with pytest.raises(ValueError, match=r"film\.mp4: the layout of BIDS needs the label of its participant and task;"):
        Export(layout="bids").check([NAME, "film.mp4"], [], (), AFFECT)
    Export(columns="openface", layout="bids").check([NAME], [], ("landmarks",), AFFECT)


def test_columns_of_a_program_without_anything_that_is_predicted_are_refused_before_the_prediction():
    with pytest.raises(ValueError) as caught:
        Export(columns="pyfeat").check([NAME], [], ("landmarks",), ("intensity_happy", "intensity_sad"))
    assert str(caught.value) == (
        "columns=pyfeat has no column for what the network predicts (intensity_happy, intensity_sad); use "
        "columns=affect_jax, or columns=openface, which adds ours"
    )
    Export(columns="pyfeat").check([NAME], [], ("landmarks",), ("emotion", "intensity_happy"))
    Export(columns="openface").check([NAME], [], ("landmarks",), ("intensity_happy",))
