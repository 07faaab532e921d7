"""Which stream of a file is shown, and which files are refused."""

import logging
import os
import pathlib
import shutil
from fractions import Fraction

import av
import films
import numpy as np
import pytest

from affect_jax.files import video
from affect_jax.files.video import open_video
from affect_jax.files.video_frames import VideoFrames
from affect_jax.predict.sources import Video


@pytest.fixture(autouse=True)
def forget():
    video._say_once.cache_clear()


def write_streams(path, sizes, default=None):
    """A file with a video stream of each size, whose level is its number times 50."""
    with av.open(str(path), "w") as container:
        streams = []
        for number, (width, height) in enumerate(sizes):
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.disposition = av.stream.Disposition.default if number == default else 0
            streams.append(stream)
        for place in range(4):
            for number, stream in enumerate(streams):
                image = np.full((stream.height, stream.width, 3), 50 * number, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = place, Fraction(1, 25)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("sizes", "default", "chosen"),
    [
        (((32, 16), (64, 48)), None, 1),  # the largest
        (((64, 48), (32, 16)), None, 0),
        (((64, 48), (32, 16)), 1, 1),  # unless another one is the default
        (((64, 48), (64, 48), (32, 16)), None, 0),  # the first of equals
    ],
)
def test_of_several_streams_that_of_ffmpeg_is_shown_and_said(tmp_path, caplog, sizes, default, chosen):
    path = write_streams(tmp_path / "film.mkv", sizes, default)
    with caplog.at_level(logging.WARNING), Video(path) as film:
        images = [frame.image for frame in film]
        reader = VideoFrames(path)
        assert all(abs(float(reader.image(number).mean()) - 50 * chosen) < 3 for number in (3, 0))
    assert len(images) == 4 and images[0].shape[1::-1] == sizes[chosen]
    assert abs(float(images[0].mean()) - 50 * chosen) < 3
    (record,) = [record.message for record in caplog.records if "streams" in record.message]  # once a file
    wide, high = sizes[chosen]
    assert f"film.mkv has {len(sizes)} video streams; using stream {chosen} ({wide} x {high}), not stream" in record


def test_a_cover_image_is_no_stream(tmp_path, caplog):
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 640, 480, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        film = container.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        for stream in (cover, film):
            image = np.zeros((stream.height, stream.width, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode())
    with caplog.at_level(logging.WARNING):
        container, stream = open_video(path)
        assert len(container.streams.video) == 2 and stream.codec_context.width == 64
        container.close()
    assert not caplog.records


def test_a_raw_motion_jpeg_is_read_and_its_rate_is_said(tmp_path, caplog):
    path = films.write(tmp_path / "camera.mjpeg", films.gray_images([30, 60, 90]), codec="mjpeg", form="mjpeg")
    with caplog.at_level(logging.WARNING), Video(path) as film:
        frames = list(film)
    np.testing.assert_allclose([frame.time_seconds for frame in frames], [0, 0.04, 0.08])
    np.testing.assert_allclose([frame.image[-1, -1, 0] for frame in frames], [30, 60, 90], atol=4)
    assert "camera.mjpeg has no time stamps; using its frame rate of 25" in caplog.text


def test_a_name_that_is_not_utf8_is_opened(tmp_path):
    path = films.write(tmp_path / "film.mp4", films.gray_images([30, 60]))
    other = pathlib.Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4"))
    shutil.copy(path, other)
    with Video(other) as film:
        assert len(list(film)) == 2


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    path = films.write(tmp_path / "film.mp4", films.gray_images([30, 60]))

    def refuse(*_, **__):
        raise av.error.PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(video.av, "open", refuse)
    with pytest.raises(ValueError, match=r"film.mp4 cannot be read \(Permission denied\); check the permissions"):
        open_video(path)


def test_tags_in_another_encoding_are_no_reason_to_refuse_a_film(tmp_path):
    path = films.write(tmp_path / "film.mp4", films.gray_images([30, 60]))
    path.write_bytes(path.read_bytes().replace(b"isom", b"\xe9som", 1))
    with Video(path) as film:
        assert len(list(film)) == 2
    np.testing.assert_allclose(VideoFrames(path).image(1)[-1, -1, 0], 60, atol=4)
