"""One pass over a video: it is decoded once, and an error in one sink does not affect the others."""

import numpy as np
import pytest

from affect_jax.files import video_writing
from affect_jax.predict import video
from affect_jax.predict.account import Account
from affect_jax.predict.journal import Journal
from affect_jax.predict.options import Options
from affect_jax.predict.sinks import overlay
from affect_jax.predict.sinks.sink import Sink
from affect_jax.predict.sources import Video
from affect_jax.predict.video import predict_video
from affect_jax.tables.schema import Schema

SUMMARY = "summary_per_clip.csv"


@pytest.fixture
def film(write_video, tmp_path):
    path = tmp_path / "film.mp4"
    write_video(path, range(20, 140, 10), [3000 * frame for frame in range(12)])
    return path


def test_a_video_is_decoded_once_and_every_sink_sees_the_same_rows(make_predictor, film, tmp_path, monkeypatch):
    decoded = []

    class Counting(Video):
        def __iter__(self):
            for frame in super().__iter__():
                decoded.append(frame.index)
                yield frame

    drawn = []

    class Painter(overlay.Painter):
        def __call__(self, image, rows):
            (row,) = rows
            drawn.append((row.frame, image[-4:, -4:].mean() / 255, -row.values["valence_arousal"][1]))
            return super().__call__(image, rows)

    monkeypatch.setattr(video, "Video", Counting)
    monkeypatch.setattr(overlay, "Painter", Painter)
    result = predict_video(make_predictor(), film, tmp_path, "film", None, Options(overlay=True))
    assert decoded == list(range(12)) == [frame for frame, _, _ in drawn]
    level, arousal = np.array(drawn)[:, 1:].T
    np.testing.assert_allclose(level, arousal, atol=0.02)  # each frame is drawn with the row of its own pixels
    assert [path.name for path in result.files] == [
        "film.csv",
        "film.schema.json",
        "film.png",
        "film_overlay.mp4",
        SUMMARY,
    ]
    assert all(path.is_file() for path in result.files) and not list(tmp_path.glob("*.part"))


def test_an_encoder_that_fails_costs_the_overlay_alone(make_predictor, film, tmp_path, monkeypatch):
    monkeypatch.setattr(video_writing, "CODECS", (("libx264", {"preset": "no such preset"}),))
    result = predict_video(make_predictor(), film, tmp_path, "film", None, Options(overlay=True))
    assert [path.name for path in result.files] == ["film.csv", "film.schema.json", "film.png", SUMMARY]
    assert result.frames == 12
    (problem,) = result.problems
    assert problem.startswith(f"the overlay {tmp_path / 'film_overlay.mp4'} cannot be written: ")
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob("*_overlay*"))


def test_an_error_in_the_middle_keeps_the_rows_and_finishes_nothing(make_predictor, film, tmp_path):
    calls = []

    def failing(images):
        calls.append(len(images))
        if len(calls) == 3:
            raise RuntimeError("out of memory")
        return make_predictor().function(images)

    with pytest.raises(RuntimeError, match="out of memory"):
        predict_video(make_predictor(function=failing), film, tmp_path, "film", None, Options(overlay=True))
    left = sorted(path.name for path in tmp_path.iterdir() if path != film)
    assert left == ["film.csv.part", "film.resume.json"]
    assert (tmp_path / "film.csv.part").read_text().count("\n") == 1 + 2 * 4


def test_sinks_keep_to_the_protocol(film, tmp_path):
    sinks = [
        video.Table(
            tmp_path / "a.csv", Schema("m", "c", 64, "tiny_3", ()), Account("a"), Journal(tmp_path / "a.csv", {})
        ),
        video.Plot(tmp_path / "a.png", "a", (), "tiny_3"),
        video.VideoOverlay(tmp_path / "a.mp4", "tiny_3", Video(film)),
        overlay.ImageOverlays(tmp_path / "a", "tiny_3"),
    ]
    for sink in sinks:
        assert isinstance(sink, Sink)
