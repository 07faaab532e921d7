import pathlib

import numpy as np
import pytest

from affect_jax.data.landmark_files import check_distinct, landmark_file, read_points, write_points
from affect_jax.data.skipped import RowFault

TOP = pathlib.Path("data")


def test_landmarks_are_read_back_and_an_empty_file_means_no_face(tmp_path):
    points = np.random.default_rng(0).uniform(0, 500, (68, 2)).astype(np.float32)
    write_points(tmp_path / "happy" / "a_landmarks.txt", points)
    np.testing.assert_allclose(read_points(tmp_path / "happy" / "a_landmarks.txt"), points, atol=0.0051)
    write_points(tmp_path / "b.txt", None)
    assert (tmp_path / "b.txt").read_text() == "" and read_points(tmp_path / "b.txt") is None


def test_a_missing_or_damaged_file_is_no_image_without_a_face(tmp_path):
    with pytest.raises(RowFault, match=r"landmarks are missing: no .*x.txt"):
        read_points(tmp_path / "x.txt")
    (tmp_path / "x.txt").write_text("1 2\n3 4\n")
    with pytest.raises(RowFault, match="wrong number of landmarks: .* has 4 values"):
        read_points(tmp_path / "x.txt")


def test_files_mirror_the_folders_of_the_images():
    assert landmark_file(TOP / "landmarks", TOP / "happy" / "x" / "a.b.jpg", TOP) == pathlib.Path(
        "data/landmarks/happy/x/a.b_landmarks.txt"
    )
    check_distinct([TOP / "happy" / "a.jpg", TOP / "sad" / "a.jpg"])
    with pytest.raises(ValueError, match=r"a.jpg and a.png would share the landmarks a_landmarks.txt; rename one"):
        check_distinct([TOP / "happy" / "a.jpg", TOP / "sad" / "a.jpg", TOP / "happy" / "a.png"])
