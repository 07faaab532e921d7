"""Damaged videos: frames of the film with times that never run backwards, or one sentence that names the file."""

import itertools
import warnings

import films
import numpy as np
import pytest
from mutations import PROFILES, damaged_bytes, for_all, outcome

from affect_jax.files.video_frames import VideoFrames
from affect_jax.predict.sources import Video
from affect_jax.types import UnreadableImage

COUNT = 8
MOST_FRAMES = 40  # read of a damaged film; a changed clock may not give it many more than it has
FORMS = {"a.mp4": {"codec": "libx264"}, "a.mkv": {"codec": "libx264"}, "a.avi": {"codec": "mpeg4"}}


def check_image(image: np.ndarray) -> None:
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size


def read_all(path) -> list[float]:
    """Decodes from the start to the end, as prediction does."""
    times = []
    with Video(path) as video:
        video.expected_frames()
        for frame in itertools.islice(video, MOST_FRAMES):
            check_image(frame.image)
            times.append(frame.time_seconds)
    return times


def read_some(path) -> list[float]:
    """Reads by number, as training does."""
    film = VideoFrames(path)
    for number in (len(film.numbers) - 1, 0, len(film.numbers) // 2):
        try:
            check_image(film.image(number))
        except UnreadableImage as error:
            assert path.name in str(error)
    return film.times_seconds().tolist()


@PROFILES
@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_video_is_read_or_named(profile, form, tmp_path):
    path = films.write(tmp_path / form, films.gray_images(range(0, 25 * COUNT, 25)), **FORMS[form])

    def check(data: bytes) -> None:
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for read in (read_all, read_some):
                times = outcome(lambda read=read: read(path), path.name)
                if times is not None:
                    assert 0 < len(times) < MOST_FRAMES
                    assert np.isfinite(times).all() and times[0] >= 0 and (np.diff(times) >= 0).all()

    whole = path.read_bytes()
    assert read_all(path) == pytest.approx(np.arange(COUNT) / 25) == read_some(path)
    for_all(profile, damaged_bytes(whole), check)
