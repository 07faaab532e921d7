"""A video as a data frame: the numbers of launch.predict, a bar that can be turned off, and nothing left behind."""

import csv
import tempfile

import pytest

from affect_jax import predict_video
from affect_jax.predict.files import predict_file
from affect_jax.predict.options import Options


def test_the_table_is_the_one_of_the_command(model, film, tmp_path):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    predict_file(model.predictor, film, tmp_path / "out", None, Options())
    with (tmp_path / "out" / "a film.csv").open() as file:
        expected = list(csv.DictReader(file))
    assert table.columns == list(expected[0]) and table.height == len(expected) == 10
    for row, cells in zip(table.iter_rows(named=True), expected, strict=True):
        assert {name: "" if cell is None else str(cell) for name, cell in row.items()} == cells
    assert table["time_seconds"].to_list() == pytest.approx([0.04 * frame for frame in range(10)])
    assert table["valence"].to_list() == pytest.approx([level / 255 for level in range(40, 240, 20)], abs=0.02)


def test_progress_is_shown_unless_it_is_turned_off(model, film, capsys):
    predict_video(model, film, faces="whole_frame", progress=False)
    assert capsys.readouterr().err == ""
    predict_video(model, film, faces="whole_frame")
    assert "a film.mp4: " in capsys.readouterr().err


def test_nothing_is_left_behind_not_even_after_an_error(model, film, tmp_path, monkeypatch, capsys):
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    predict_video(model, film, faces="whole_frame", progress=False)
    film.write_text("no film")
    with pytest.raises(ValueError, match="a film.mp4 is neither an image nor a video that can be decoded"):
        predict_video(model, film, faces="whole_frame", progress=False)
    assert not list((tmp_path / "t").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a film.mp4", "t"]
    with pytest.raises(FileNotFoundError, match="no file at none.mp4"):
        predict_video(model, "none.mp4", faces="whole_frame")
