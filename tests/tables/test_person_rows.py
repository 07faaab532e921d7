"""Whose rows count, and for how long, against rows that are counted by hand."""

import csv

import numpy as np
import pytest

from affect_jax.tables.person_rows import ALL_FACES, read_days, read_face
from affect_jax.tables.reading import read_rows


def values_of(table, face):
    rows = read_rows(table)
    return rows.values["valence_arousal"][rows.face == face]


def test_the_most_frequent_face_counts_for_as_long_as_its_frames_stand(write_video):
    times = np.array([0.0, 0.1, 0.3, 0.4, 9.4])
    table = write_video(times, [[0, 1], [1], [], [1], [1]])
    (found,) = read_days([table], ["mon"], "anna")
    np.testing.assert_array_equal(found.valence_arousal, values_of(table, 1))
    # until the next frame, at most 1 s; the last one as long as the median of 0.1, 0.2, 0.1 and 9
    np.testing.assert_allclose(found.seconds, [0.1, 0.2, 1.0, 0.15])
    assert found.day == "mon" and not found.adapted


def test_a_face_by_its_number_and_all_of_somebody_alone(write_video):
    table = write_video(np.arange(5) / 10, [[0], [0], [], [1], [1]])
    (first,) = read_days([table], ["mon"], "anna", face=1)
    np.testing.assert_array_equal(first.valence_arousal, values_of(table, 1))
    (alone,) = read_days([table], ["mon"], "anna", face=ALL_FACES)
    np.testing.assert_array_equal(alone.valence_arousal, np.concatenate([values_of(table, 0), values_of(table, 1)]))
    (absent,) = read_days([table], ["mon"], "anna", face=7)
    assert absent.valence_arousal.shape == (0, 2) and absent.seconds.shape == (0,)


def test_all_faces_are_refused_where_two_are_seen_at_once(write_video):
    table = write_video(np.arange(3) / 10, [[0], [0, 1], [1]])
    with pytest.raises(ValueError, match=r"a.csv, a.mp4: frame 1 has several faces, .* the number of the right one"):
        read_days([table], ["mon"], "anna", face=ALL_FACES)


def test_a_face_that_is_hardly_the_most_frequent_is_mentioned(write_video, caplog):
    caplog.set_level("WARNING", logger="absl")
    read_days([write_video(np.arange(5) / 10, [[0], [0], [0], [1], [1]])], ["mon"], "anna")
    assert "of 2 faces, face 0 is taken, with 3 of 5 rows" in caplog.text


def test_tables_of_one_day_belong_together_and_dates_are_sorted(write_video):
    tables = [write_video(np.arange(count) / 10, [[0]] * count, stem=f"t{count}") for count in (3, 4, 5)]
    found = read_days(tables, ["2026-03-02", "2026-03-01", "2026-03-02"], "anna")
    assert [(day.day, len(day.seconds)) for day in found] == [("2026-03-01", 4), ("2026-03-02", 8)]
    assert [day.day for day in read_days(tables[:2], ["tue", "mon"], "anna")] == ["tue", "mon"]


def name_subjects(table, subjects):
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, subject in zip(rows, subjects, strict=True):
        row["subject"] = subject
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_where_subjects_are_named_only_the_rows_of_the_person_count(write_video):
    table = write_video(np.arange(4) / 10, [[0], [0, 1], [0], [0]])
    name_subjects(table, ["test/ben", "test/ben", "test/anna", "test/ben", "test/ben"])
    (found,) = read_days([table], ["mon"], "anna")
    np.testing.assert_array_equal(found.valence_arousal, values_of(table, 1))
    assert found.adapted  # predictions name only persons whose adapters were used
    with pytest.raises(ValueError, match=r"holds the subjects test/anna, test/ben; none of them is 'eve'"):
        read_days([table], ["mon"], "eve")
    name_subjects(table, ["a/ben", "a/ben", "a/ben", "b/ben", "b/ben"])
    with pytest.raises(ValueError, match=r"subjects a/ben, b/ben; more than one of them is 'ben'"):
        read_days([table], ["mon"], "ben")


def test_a_recording_without_any_face_has_no_frames(write_video):
    (found,) = read_days([write_video(np.arange(3) / 10, [[], [], []])], ["mon"], "anna")
    assert len(found.seconds) == len(found.valence_arousal) == 0


def test_choices_of_faces():
    assert [read_face(text) for text in ("", "all", "12")] == [None, ALL_FACES, 12]
    for text in ("-1", "two", "1.5", "²"):
        with pytest.raises(ValueError, match=f"'{text}' is no face; expected its number in the tables, or all"):
            read_face(text)
