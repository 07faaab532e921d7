"""One rule for times: seconds since the first frame, which never run backwards."""

from fractions import Fraction

import films
import numpy as np
import pytest

from affect_jax.files.clock import SteadyClock, ticks_per_frame
from affect_jax.files.video_frames import VideoFrames
from affect_jax.predict.sources import Video


@pytest.mark.parametrize(
    ("stamps", "expected", "backwards"),
    [
        ([0, 40, 80], [0, 40, 80], []),
        ([1000, 1040, 1090], [0, 40, 90], []),  # does not begin at 0
        ([-80, -40, 0], [0, 40, 80], []),
        ([0, 40, 5000, 5040], [0, 40, 5000, 5040], []),  # jumps forward: as written
        ([500, 540, 0, 40], [0, 40, 80, 120], [2]),  # starts again
        ([0, 40, 39, 79, 20], [0, 40, 80, 120, 160], [2, 4]),  # runs backwards, by little and twice
        ([0, 40, 40, 80], [0, 40, 40, 80], []),  # a repeated stamp is no break
        ([None, None, None], [0, 40, 80], []),  # no stamps
        ([100, None, 180], [0, 40, 80], []),
    ],
)
def test_stamps_by_hand(stamps, expected, backwards):
    clock = SteadyClock(40)
    found = [clock.read(stamp) for stamp in stamps]
    assert [ticks for ticks, _ in found] == expected
    assert [place for place, (_, broke) in enumerate(found) if broke] == backwards


def test_the_step_between_frames_in_ticks():
    assert ticks_per_frame(Fraction(25), Fraction(1, 1000)) == 40
    assert ticks_per_frame(Fraction(100), Fraction(1, 25)) == 1
    assert ticks_per_frame(None, Fraction(1, 1000)) == 40


@pytest.mark.parametrize("name", ["late.mkv", "late.ts"])
def test_tables_and_readers_count_from_the_first_frame_of_a_clock_that_does_not_begin_at_0(tmp_path, name):
    muxer = {"mpegts_copyts": "1"} if name.endswith("ts") else {}
    path = films.write(tmp_path / name, films.textures(12), start=25 * 3600, muxer=muxer)
    with Video(path) as video:
        times = [frame.time_seconds for frame in video]
        assert video.start_seconds == pytest.approx(3600)
    np.testing.assert_allclose(times, np.arange(12) / 25, atol=1e-9)
    np.testing.assert_allclose(VideoFrames(path).times_seconds(), times, atol=1e-9)


@pytest.mark.parametrize(("suffix", "codec"), [("ts", "libx264"), ("ts", "mpeg2video"), ("mpg", "mpeg2video")])
def test_a_clock_that_starts_again_goes_on_and_begins_a_part(tmp_path, suffix, codec):
    parts = [
        films.write(
            tmp_path / f"{number}.{suffix}", films.gray_images(range(100 * number, 100 * number + 60, 5)), codec=codec
        )
        for number in range(2)
    ]
    path = films.join(tmp_path / f"joined.{suffix}", *parts)
    with Video(path) as video:
        frames = list(video)
        assert video.problem == ""
    assert [frame.index for frame in frames if frame.restarts] == [12]
    np.testing.assert_allclose([frame.time_seconds for frame in frames], np.arange(24) / 25, atol=1e-6)
    reader = VideoFrames(path)
    np.testing.assert_allclose(reader.times_seconds(), np.arange(24) / 25, atol=1e-6)
    np.testing.assert_array_equal(reader.parts(), [0] * 12 + [1] * 12)
    for number in (13, 2, 23, 12, 11):
        np.testing.assert_array_equal(reader.image(number), frames[number].image)
