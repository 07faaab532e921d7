"""The recordings of people out of tables on disk."""

import numpy as np
import pytest
from recorded_people import write_person

from affect_jax.tables.people import columns_of, read_people
from affect_jax.tables.schema import Schema
from affect_jax.tables.writing import RowWriter

HAPPY, SAD = "intensity_happy", "intensity_sad"
VALUES = np.arange(12.0).reshape(6, 2) / 2


def test_a_recording_without_subjects_is_a_person_by_its_name(tmp_path):
    path = write_person(tmp_path, "anna", VALUES, fps=4.0, missing=(0, 3))
    assert columns_of(path) == {HAPPY: True, SAD: True}
    people = read_people([path], [SAD, HAPPY])
    (found,) = people["anna"]
    assert list(people) == ["anna"] and not found.adapted and found.name == "anna.mp4"
    np.testing.assert_allclose(found.starts, [0.25, 0.5, 1.0, 1.25])  # from the first frame, which has no face
    np.testing.assert_allclose(found.seconds, 0.25)
    np.testing.assert_array_equal(found.values, VALUES[[1, 2, 4, 5]][:, ::-1])
    assert (found.whole_seconds, found.fps) == (1.5, 4.0)


def test_subjects_of_a_recording_are_kept_apart(tmp_path):
    path = tmp_path / "both.csv"
    writer = RowWriter(path, Schema("m@1", "c", 64, "affectnet_8", (HAPPY,), boxes=True))
    for frame in range(4):
        for face, name in enumerate(("anna", "ben", "")):
            keys = {"source": "v.mp4", "subject": name, "frame": frame, "face": face, "time_seconds": frame / 2.0}
            writer.write(keys, {HAPPY: np.array([10.0 * face + frame])}, [0.0, 0.0, 9.0, 9.0, 1.0])
    writer.close()
    people = read_people([path], [HAPPY])
    assert {name: each[0].values[:, 0].tolist() for name, each in people.items()} == {
        "anna": [0, 1, 2, 3],
        "ben": [10, 11, 12, 13],
    }
    assert people["anna"][0].adapted


def test_a_long_frame_counts_for_a_second(tmp_path):
    (found,) = read_people([write_person(tmp_path, "slow", VALUES, fps=0.5)], [HAPPY])["slow"]
    np.testing.assert_allclose(found.seconds, 1.0)
    assert found.whole_seconds == 12.0


def test_missing_columns_and_recordings_given_twice_are_named(tmp_path):
    path = write_person(tmp_path, "anna", VALUES, fps=4.0)
    with pytest.raises(ValueError, match=r"anna.csv has no column p_happy; its predictions are intensity_happy, inten"):
        read_people([path], ["p_happy"])
    (tmp_path / "copy").mkdir()
    again = write_person(tmp_path / "copy", "anna", VALUES, fps=4.0)
    with pytest.raises(ValueError, match=r"anna.csv and .*copy/anna.csv both hold the recording anna.mp4 of anna"):
        read_people([path, again], [HAPPY])
