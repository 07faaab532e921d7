"""Any frame of a video, whichever frame was read before."""

import pickle
import threading

import numpy as np
import pytest

from affect_jax.files.video_frames import VideoFrames
from affect_jax.predict.sources import Video
from affect_jax.types import UnreadableImage

FRAMES = 40
LEVELS = (np.arange(FRAMES) * 6) % 251


def level(image) -> float:
    return float(image.mean())


@pytest.mark.parametrize(
    ("name", "codec", "timed"),
    [
        ("film.mp4", "libx264", True),
        ("film.mkv", "libx264", True),
        ("film.avi", "mpeg4", True),
        ("film.avi", "libx264", False),  # AVI does not store presentation times
    ],
)
def test_every_frame_is_the_one_of_its_number_in_any_order(write_film, tmp_path, name, codec, timed):
    video = VideoFrames(write_film(tmp_path / name, LEVELS, codec))
    assert video.clock.timed == timed
    np.testing.assert_array_equal(video.numbers, np.arange(FRAMES))
    np.testing.assert_allclose(video.times_seconds(), np.arange(FRAMES) / 25, atol=1e-3)
    order = [*range(FRAMES), 39, 0, 13, 13, 12, 30, 31, 32, 5, 38, 37, 1]
    found = [level(video.image(number)) for number in order]
    np.testing.assert_allclose(found, LEVELS[order], atol=3)


def test_times_are_those_of_the_stream_after_its_first_frame(write_film, tmp_path):
    ticks = (9000, 12003, 15006, 24000, 69000)
    video = VideoFrames(write_film(tmp_path / "varying.mp4", range(20, 120, 20), ticks=ticks))
    np.testing.assert_allclose(video.times_seconds(), (np.array(ticks) - 9000) / 90000, atol=1e-3)
    np.testing.assert_allclose([level(video.image(n)) for n in (3, 0, 4)], (80, 20, 100), atol=3)


def test_random_access_to_a_real_video_equals_sequential_reading(shared_data):
    path = shared_data / "video" / "one_woman_expressions.mp4"
    with Video(path) as whole:
        frames = {frame.index: frame for frame in whole if frame.index in (0, 1, 57, 250, 251, 471)}
    video = VideoFrames(path)
    assert len(video.numbers) == 472
    for number in (471, 0, 250, 251, 57, 1):
        np.testing.assert_array_equal(video.image(number), frames[number].image)
    times = video.times_seconds()
    np.testing.assert_allclose(times[list(frames)], [f.time_seconds - frames[0].time_seconds for f in frames.values()])


def test_threads_are_independent_and_a_pickled_video_reopens(write_film, tmp_path):
    video = VideoFrames(write_film(tmp_path / "film.mp4", LEVELS))
    found = {}

    def read(first):
        found[first] = [level(video.image(number)) for number in range(first, FRAMES, 2)]

    workers = [threading.Thread(target=read, args=(first,)) for first in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for first in (0, 1):
        np.testing.assert_allclose(found[first], LEVELS[first::2], atol=3)
    assert level(pickle.loads(pickle.dumps(video)).image(7)) == level(video.image(7))


def test_two_videos_are_read_alternately(write_film, tmp_path):
    one = VideoFrames(write_film(tmp_path / "a.mp4", LEVELS))
    other = VideoFrames(write_film(tmp_path / "b.mp4", LEVELS[::-1]))
    for number in (3, 4, 5, 20):
        assert abs(level(one.image(number)) - LEVELS[number]) < 3
        assert abs(level(other.image(number)) - LEVELS[::-1][number]) < 3


def test_an_unavailable_frame_names_file_and_frame(write_film, tmp_path):
    path = write_film(tmp_path / "film.mkv", LEVELS)
    video = VideoFrames(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(
        UnreadableImage, match=r"film\.mkv, frame 39: the video is damaged before this frame.*replace the video"
    ):
        video.image(39)
    assert abs(level(video.image(1)) - LEVELS[1]) < 3
    path.unlink()
    VideoFrames(write_film(tmp_path / "other.mkv", LEVELS)).image(0)  # the decoder is now at another file
    with pytest.raises(UnreadableImage, match=r"film\.mkv, frame 3: no file at"):
        video.image(3)


def test_a_file_that_is_not_a_video_is_rejected(tmp_path):
    (tmp_path / "notes.mp4").write_text("time;arousal\n")
    with pytest.raises(ValueError, match=r"notes.mp4 is neither an image nor a video"):
        VideoFrames(tmp_path / "notes.mp4")
