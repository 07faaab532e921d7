"""Names of given images, and what is read of them."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from affect_jax.predict.given_images import list_images, read_frames


def gray(level, width=30):
    return np.full((20, width, 3), level, np.uint8)


def test_files_have_their_names_and_arrays_their_numbers(tmp_path):
    for name in ("a.png", "b.png"):
        Image.fromarray(gray(ord(name[0]))).save(tmp_path / name)
    given = list_images([tmp_path / "b.png", gray(7), str(tmp_path / "a.png"), Image.fromarray(gray(9))])
    assert [name for name, _ in given] == ["b.png", "1", "a.png", "3"]
    frames = list(read_frames(given, []))
    assert [frame.name for frame in frames] == ["b.png", "1", "a.png", "3"]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [98, 7, 97, 9]
    assert {(frame.index, frame.time_seconds) for frame in frames} == {(0, 0.0)}


def test_a_generator_and_a_series_of_paths_are_images_too(tmp_path):
    Image.fromarray(gray(5)).save(tmp_path / "a.png")
    assert len(list_images(path for path in tmp_path.iterdir())) == 1
    assert [name for name, _ in list_images(gray(level) for level in (1, 2))] == ["0", "1"]


def test_what_cannot_be_read_is_a_problem_with_its_path_and_the_rest_goes_on(tmp_path):
    Image.fromarray(gray(5, width=9)).save(tmp_path / "small.png")
    (tmp_path / "text.jpg").write_text("no image")
    problems = []
    frames = list(read_frames(list_images([tmp_path / "small.png", tmp_path / "text.jpg", gray(3)]), problems))
    assert [frame.name for frame in frames] == ["2"]
    assert problems[0] == f"{tmp_path}/small.png: the image is 9 x 20 px; a face needs at least 16 px"
    assert problems[1].startswith(f"{tmp_path}/text.jpg cannot be read as an image (8 bytes): ")


def test_a_home_folder_is_expanded_and_a_missing_file_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    Image.fromarray(gray(5)).save(tmp_path / "a.png")
    assert list_images("~/a.png")[0][1] == pathlib.Path(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match=f"no image at {tmp_path}/b.png"):
        list_images("~/b.png")
