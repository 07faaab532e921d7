"""The overlay of a video: its time, its size and its sound."""

import logging
from fractions import Fraction

import av
import films
import numpy as np
import pytest

from affect_jax.predict.options import Options
from affect_jax.predict.sinks import sound
from affect_jax.predict.sinks.overlay import fit
from affect_jax.predict.video import predict_video


def predict(make_predictor, path, folder):
    result = predict_video(make_predictor(), path, folder, path.stem, None, Options(overlay=True))
    return result, folder / f"{path.stem}_overlay.mp4"


def times_of(path, kind="video"):
    with av.open(str(path)) as container:
        (stream,) = container.streams.get({kind: 0})
        return [float(frame.pts * frame.time_base) for frame in container.decode(stream)]


def test_an_overlay_is_h264_that_browsers_play(make_predictor, tmp_path):
    path = films.write(tmp_path / "film.mkv", films.textures(6), codec="mpeg4")
    _, overlay = predict(make_predictor, path, tmp_path)
    with av.open(str(overlay)) as container:
        (stream,) = container.streams.video
        assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"


@pytest.mark.parametrize("name", ["late.ts", "late.mkv"])
def test_an_overlay_begins_at_0(make_predictor, tmp_path, name):
    path = films.write(tmp_path / name, films.textures(8), start=25 * 3600, muxer={"mpegts_copyts": "1"})
    _, overlay = predict(make_predictor, path, tmp_path)
    np.testing.assert_allclose(times_of(overlay), np.arange(8) / 25, atol=1e-3)


def test_stamps_below_0_are_not_squeezed_together(make_predictor, tmp_path):
    ticks = [90000 + step for step in (-54000, -36000, -9000, 0, 18000)]  # the first at 0.4 s, as in a cut file
    path = films.write(tmp_path / "cut.mkv", films.textures(5), ticks=ticks)
    _, overlay = predict(make_predictor, path, tmp_path)
    np.testing.assert_allclose(times_of(overlay), [0, 0.2, 0.5, 0.6, 0.8], atol=1e-3)


def test_stamps_that_run_backwards_increase_in_the_overlay(make_predictor, tmp_path):
    parts = [films.write(tmp_path / f"{number}.ts", films.textures(10, number)) for number in range(2)]
    path = films.join(tmp_path / "joined.ts", *parts)
    _, overlay = predict(make_predictor, path, tmp_path)
    np.testing.assert_allclose(times_of(overlay), np.arange(20) / 25, atol=1e-3)


def test_an_overlay_has_square_pixels_and_keeps_the_shape_where_it_changes(make_predictor, tmp_path):
    first = films.write(tmp_path / "a.ts", films.gray_images([90] * 8), ratio=Fraction(1))
    second = films.write(tmp_path / "b.ts", films.gray_images([90] * 8), start=8, ratio=Fraction(4, 3))
    path = films.join(tmp_path / "both.ts", first, second)
    result, overlay = predict(make_predictor, path, tmp_path)
    assert result.frames == 16
    with av.open(str(overlay)) as container:
        (stream,) = container.streams.video
        assert stream.sample_aspect_ratio in (None, 1)
        sizes = {(frame.width, frame.height) for frame in container.decode(stream)}
    assert len(sizes) == 1


def test_images_are_fitted_undistorted():
    image = np.full((48, 96, 3), 200, np.uint8)
    fitted = fit(image, 64, 48)  # 64 x 32, in the middle
    assert (fitted[8:40] == 200).all() and not fitted[:8].any() and not fitted[40:].any()
    odd = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)
    padded = fit(odd, 6, 4)
    np.testing.assert_array_equal(padded[:3, :5], odd)
    np.testing.assert_array_equal(padded[3, :5], odd[2])


@pytest.mark.parametrize(("name", "start"), [("talk.mp4", 0), ("talk.mkv", 250), ("talk.ts", 250)])
def test_the_sound_is_kept_and_stays_with_the_image(make_predictor, tmp_path, name, start):
    path = films.write(
        tmp_path / name,
        films.textures(50, width=160),
        sound="aac",
        start=start,
        muxer={"mpegts_copyts": "1"} if name.endswith("ts") else None,
    )
    before = [time - start / 25 for time in times_of(path, "audio")]
    result, overlay = predict(make_predictor, path, tmp_path)
    assert not result.problems
    after = times_of(overlay, "audio")
    expected = [time for time in before if time >= -0.01]
    assert len(after) >= 0.9 * len(expected) > 5
    nearest = [min(abs(time - other) for other in expected) for time in after]
    assert max(nearest) < 0.005


def test_sound_that_an_mp4_cannot_hold_is_left_out_and_said(make_predictor, tmp_path, caplog):
    path = films.write(tmp_path / "talk.avi", films.textures(20), codec="mpeg4", sound="pcm_mulaw")
    with caplog.at_level(logging.WARNING):
        result, overlay = predict(make_predictor, path, tmp_path)
    assert not result.problems and "the overlay of" in caplog.text and "an MP4 cannot hold it" in caplog.text
    with av.open(str(overlay)) as container:
        assert not container.streams.audio and len(times_of(overlay)) == 20


def test_a_header_that_cannot_be_written_with_sound_is_written_without(make_predictor, tmp_path, caplog, monkeypatch):
    path = films.write(tmp_path / "talk.mkv", films.textures(20), sound="aac")
    tries = []

    def add_to(self, container):
        tries.append(container)
        if len(tries) == 1:
            container.add_stream("libx264", options={"preset": "none"})  # the header cannot be written

    monkeypatch.setattr(sound.Sound, "add_to", add_to)
    with caplog.at_level(logging.WARNING):
        result, overlay = predict(make_predictor, path, tmp_path)
    assert not result.problems and len(tries) == 2
    with av.open(str(overlay)) as container:
        assert not container.streams.audio and len(times_of(overlay)) == 20
