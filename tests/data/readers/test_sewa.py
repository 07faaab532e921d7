import csv

import numpy as np
import pytest

from affect_jax.data.folds import FoldConfig, take_fold
from affect_jax.data.readers.sewa import SEWAConfig, sewa

HEADER = "name;timestamp;arousal;valence;liking"


def trace(name, count=11):
    """Rows as the challenge writes them: arousal rises by 0.05 a row, valence falls by 0.1 from 0.5."""
    return [f"'{name}';{k / 10:.6f};{0.05 * k:.6f};{0.5 - 0.1 * k:.6f};0.000000" for k in range(count)]


def write(root, name, rows=None):
    path = root / "labels" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([HEADER, *(trace(name) if rows is None else rows)]) + "\n")


@pytest.fixture
def root(tmp_path, write_film):
    for name in ("Train_DE_01", "Train_HU_01", "Devel_DE_01"):
        write(tmp_path, name)
        write_film(tmp_path / "videos" / f"{name}.avi", range(0, 240, 8), "mpeg4")  # 30 frames at 25 fps
    return tmp_path


def load(root, **options):
    return sewa(SEWAConfig(str(root), **options))


def test_labels_at_ten_hertz_come_to_the_frames_and_end_with_the_last(root):
    source = load(root, split="validation")
    labels, times = source.examples.labels, np.arange(30) / 25
    np.testing.assert_allclose(source.examples.time_seconds, times, atol=1e-6)
    inside = times <= 1.0 + 1e-9
    np.testing.assert_array_equal(labels["valence_arousal"].weight, inside)
    np.testing.assert_allclose(labels["valence_arousal"].value[inside, 0], 0.5 - times[inside], atol=1e-6)
    np.testing.assert_allclose(labels["valence_arousal"].value[inside, 1], 0.5 * times[inside], atol=1e-6)
    assert not labels["valence_arousal"].value[~inside].any() and set(labels) == {"valence_arousal"}
    assert source.examples[3].name == "Devel_DE_01/00003" and abs(source.image(3).mean() - 24) < 3


def test_splits_and_cultures_and_each_recording_is_a_subject(root):
    assert set(load(root).examples.subjects) == {"Train_DE_01", "Train_HU_01"}
    assert set(load(root, split="train", cultures=("HU",)).examples.clips) == {"Train_HU_01"}
    assert set(load(root / "labels" / "..", split="Devel").examples.clips) == {"Devel_DE_01"}
    parts = [
        set(take_fold(load(root), fold).examples.subjects)
        for fold in (FoldConfig(0, 3), FoldConfig(0, 3, complement=True))
    ]
    assert parts[0] | parts[1] == {"Train_DE_01", "Train_HU_01"} and not parts[0] & parts[1]
    with pytest.raises(FileNotFoundError, match=r"no labels such as Test_DE_01.csv .*: Devel_DE, Train_DE, Train_HU"):
        load(root, split="test")
    with pytest.raises(FileNotFoundError, match=r"no labels such as Train_CN_01.csv"):
        load(root, cultures=("DE", "CN"))
    with pytest.raises(ValueError, match="split is 'dvel'; choose training, validation, test"):
        load(root, split="dvel")


@pytest.mark.parametrize(
    ("row", "reason", "message"),
    [
        ("'Devel_DE_01';0.500000;1.200000;0.000000;0", "arousal out of -1..1", "arousal is 1.200000, expected -1 to 1"),
        ("'Devel_DE_01';0.500000;0.100000;nan;0", "valence is not a number", "valence is 'nan'"),
        ("'Devel_DE_02';0.500000;0.1;0.1;0", "name is that of another recording", "Devel_DE_02, expected Devel_DE_01"),
        ("'Devel_DE_01';0.500000;0.1", "wrong number of cells", "3, expected 5"),
        ("'Devel_DE_01';0.400000;0.1;0.1;0", "timestamp does not increase", "0.4 after 0.4"),
    ],
)
def test_an_unusable_row_is_recorded_and_not_replaced(root, row, reason, message):
    rows = trace("Devel_DE_01")
    rows[5] = row
    write(root, "Devel_DE_01", rows)
    skipped = root / "skipped.csv"
    labels = load(root, split="devel", max_skipped_fraction=0.2, skipped_csv=str(skipped)).examples.labels
    times = np.arange(30) / 25
    known = (times <= 0.4 + 1e-9) | ((times >= 0.6 - 1e-9) & (times <= 1.0 + 1e-9))
    np.testing.assert_array_equal(labels["valence_arousal"].weight, known)
    with open(skipped, newline="") as file:
        assert [(line["row"], line["reason"]) for line in csv.DictReader(file)] == [("7", reason)]
    with pytest.raises(ValueError, match=rf"row 7: {reason}: .*{message}.*Devel_DE_01.csv"):
        load(root, split="devel", strict=True)
    with pytest.raises(ValueError, match=r"1 of 11 rows \(9.1%\) are unusable"):
        load(root, split="devel")


def test_missing_recordings_are_counted(root):
    (root / "videos" / "Train_HU_01.avi").unlink()
    with pytest.raises(ValueError, match=r"recordings: 1 of 2 rows \(50.0%\) are unusable: 1 x recording is missing"):
        load(root)
    assert set(load(root, max_skipped_fraction=0.5).examples.clips) == {"Train_DE_01"}
    (root / "videos" / "Train_DE_01.avi").write_text("no video")
    with pytest.raises(
        FileNotFoundError, match=r"none of the 2 recordings .* expected .*videos/Train_DE_01.mp4 or .*00001"
    ):
        load(root)


def test_a_wrong_header_names_the_missing_column(root):
    (root / "labels" / "Devel_DE_01.csv").write_text("name;timestamp;valence\n")
    with pytest.raises(ValueError, match=r"Devel_DE_01.csv, row 1: column arousal is missing"):
        load(root, split="devel")


def test_a_list_without_samples_is_rejected(root):
    write(root, "Devel_DE_01", rows=[])
    with pytest.raises(ValueError, match=r"Devel_DE_01.csv has a header but no rows"):
        load(root, split="devel", max_skipped_fraction=1.0)


def test_tables_of_landmarks_that_lie_deeper_are_named(root):
    path = root / "landmarks" / "processed" / "Devel_DE_01.csv"
    path.parent.mkdir(parents=True)
    path.write_text("frame,success\n")
    with pytest.raises(
        ValueError, match=r"no landmarks at .*they lie a folder level too deep, in .*landmarks/processed"
    ):
        load(root, split="devel")
    path.unlink()
    with pytest.raises(
        ValueError, match=r"no landmarks at .*; python -m launch.find_faces makes those that are missing"
    ):
        load(root, split="devel")
