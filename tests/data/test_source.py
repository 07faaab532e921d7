import csv

import jax
import numpy as np
import pytest
from records import no_labels

from affect_jax.data.skipped import SkippedRows, add_rows
from affect_jax.data.source import Concatenated, Subset, Table, as_table, with_label_set
from affect_jax.emotions import names
from affect_jax.types import Example


class Plain:
    """Faces of one color each: pixel value = its number."""

    def __init__(self, numbers, label_set="affectnet_8"):
        self.numbers, self.label_set = numbers, label_set
        labels = no_labels(len(numbers), len(names(label_set)))
        labels["emotion"].value[:] = np.eye(len(names(label_set)))[np.array(numbers, int) % len(names(label_set))]
        labels["emotion"].weight[:] = 1
        labels["valence_arousal"].value[:, 0] = np.array(numbers) / 100
        labels["valence_arousal"].weight[:] = 1
        titles = [f"face {number}" for number in numbers]
        frames = np.array(numbers, np.int64)
        self.examples = Table(titles, ["someone"] * len(titles), [""] * len(titles), frames, frames / 25, labels)

    def image(self, index):
        return np.full((4, 6, 3), self.numbers[index], np.uint8)


def test_a_table_gives_back_the_examples_it_was_made_of():
    table = Plain([3, 9]).examples
    rows = [table[0], table[1]]
    assert isinstance(rows[0], Example) and rows[1].name == "face 9" and rows[1].time_seconds == 9 / 25
    again = as_table(rows)
    np.testing.assert_array_equal(again.labels["valence_arousal"].value, table.labels["valence_arousal"].value)
    assert again.labels["emotion"].value.shape == (2, 8) and list(again.frames) == [3, 9]
    assert len(as_table([])) == 0


def test_subset_keeps_labels_and_images_together():
    subset = Subset(Plain([10, 11, 12, 13]), [3, 1, 1])
    assert [example.name for example in subset.examples] == ["face 13", "face 11", "face 11"]
    assert [int(subset.image(i)[0, 0, 0]) for i in range(3)] == [13, 11, 11]


def test_concatenated_finds_each_image_in_its_part():
    joined = Concatenated([Plain([1, 2]), Plain([]), Plain([7]), Subset(Plain([20, 21, 22]), [2])])
    assert joined.starts == (0, 2, 2, 3)
    for index, number in enumerate([1, 2, 7, 22]):
        assert joined.image(index)[0, 0, 0] == number and joined.examples[index].name == f"face {number}"
    with pytest.raises(IndexError, match="example 4 of 4"):
        joined.image(4)


def test_concatenated_refuses_two_label_sets():
    with pytest.raises(ValueError, match=r"\['affectnet_8', 'emonet_5'\]; convert all to one"):
        Concatenated([Plain([1]), Plain([1], "emonet_5")])


def test_with_label_set_drops_emotions_missing_from_the_target():
    source = Plain(list(range(8)))  # neutral happy sad surprise fear disgust anger contempt
    five = with_label_set(source, "emonet_5")
    np.testing.assert_array_equal(five.examples.labels["emotion"].weight, [1, 1, 1, 1, 0, 0, 1, 0])
    expected = np.eye(5)[[0, 1, 2, 3, 0, 0, 4, 0]] * np.array([1, 1, 1, 1, 0, 0, 1, 0])[:, None]
    np.testing.assert_array_equal(five.examples.labels["emotion"].value, expected)
    np.testing.assert_array_equal(
        five.examples.labels["valence_arousal"].value, source.examples.labels["valence_arousal"].value
    )
    assert five.label_set == "emonet_5" and five.image(6)[0, 0, 0] == 6
    assert with_label_set(source, "affectnet_8") is source


def test_votes_for_missing_emotions_are_dropped_and_the_rest_renormalized():
    source = Plain([0, 0, 0])
    source.examples.labels["emotion"].value[:, [0, 1, 4]] = [[0.6, 0.2, 0.2], [0.3, 0.2, 0.5], [0.0, 0.1, 0.9]]
    five = with_label_set(source, "emonet_5").examples.labels
    np.testing.assert_allclose(five["emotion"].value[0], [0.75, 0.25, 0, 0, 0], rtol=1e-6)
    np.testing.assert_array_equal(five["emotion"].weight, [1, 0, 0])  # half or more of the votes went to fear
    assert not five["emotion"].value[1:].any()


def test_skipped_rows_are_added_once_and_sorted(tmp_path):
    path = tmp_path / "run" / "skipped.csv"
    add_rows(path, [("b,\"'.jpg", 7, "image is missing")])
    add_rows(path, [("a.jpg", 12, "image is empty"), ("b,\"'.jpg", 7, "image is missing")])
    with open(path, newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [("a.jpg", "12", "image is empty"), ("b,\"'.jpg", "7", "image is missing")]
    assert [entry.name for entry in path.parent.iterdir()] == ["skipped.csv"]


def test_only_faults_count_towards_the_limit():
    skipped = SkippedRows("list.csv", 0.1)
    skipped.left_out += [("x", row, "row has no label") for row in range(50)]
    skipped.faults += [("y", 90, "image is missing")]
    skipped.finish(10)
    assert skipped.counts() == {"row has no label": 50, "image is missing": 1}
    skipped.faults += [("y", 91, "image is missing")]
    with pytest.raises(
        ValueError, match=r"2 of 10 rows \(20.0%\) are unusable: 2 x image is missing; at most 10.0% is allowed"
    ):
        skipped.finish(10)


def test_labels_of_one_example_are_records_of_numpy_scalars():
    labels = Plain([3]).examples[0].labels
    assert {np.asarray(leaf).dtype.name for leaf in jax.tree.leaves(labels)} == {"float32"}
