"""A damaged packet costs its frame: what was lost is counted, and where; readers behave as prediction does."""

import films
import numpy as np
import pytest

from affect_jax.files.damage import Damage
from affect_jax.files.video_frames import VideoFrames
from affect_jax.predict.sources import Video
from affect_jax.types import UnreadableImage

FRAMES = 48


@pytest.fixture(params=["mkv", "mp4", "ts"])
def damaged(request, tmp_path):
    """A film of noise, whose packets are large, with a hole of a few packets in its middle."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(FRAMES)]
    path = films.write(tmp_path / f"film.{request.param}", images, options={"g": "8", "bf": "0", "crf": "30"})
    films.lose_middle(path, size=path.stat().st_size // 12)
    return path


def test_decoding_goes_on_behind_damage_and_says_what_was_lost(damaged):
    with Video(damaged) as video:
        frames = list(video)
    times = np.array([frame.time_seconds for frame in frames])
    assert FRAMES * 3 / 4 < len(frames) < FRAMES and times[-1] == pytest.approx((FRAMES - 1) / 25)
    lost = FRAMES - len(frames)
    gap = int(np.argmax(np.diff(times)))  # the frames before and behind the hole
    assert video.problem.startswith(f"{damaged} is damaged: {lost} frame")
    assert f"{len(frames)} frames can be decoded" in video.problem
    assert "between frame" in video.problem and f"frame {gap} ({times[gap]:.2f} s)" in video.problem


def test_a_reader_gives_the_frames_that_prediction_gives(damaged):
    with Video(damaged) as video:
        expected = {round(frame.time_seconds, 3): frame for frame in video}
    reader = VideoFrames(damaged)
    found = {}
    for number in reader.numbers[::-1]:  # in any order
        try:
            found[round(float(reader.times_seconds()[number]), 3)] = reader.image(int(number))
        except UnreadableImage as error:
            assert "the video is damaged" in str(error) and f"frame {number}" in str(error)
    assert set(found) == set(expected)
    same = [np.array_equal(found[time], frame.image) for time, frame in expected.items()]
    assert np.mean(same) > 0.8  # frames of the damaged group may be patched up in another way


def feed(damage, steps, **signs_at):
    seconds = np.concatenate([[0], np.cumsum(steps)])
    for index, second in enumerate(seconds.tolist()):
        damage.frame(index, second, **signs_at.get(f"f{index}", {}))
    return damage


def test_gaps_are_loss_where_the_rate_was_constant():
    steps = [0.04] * 10 + [0.2] + [0.04] * 5
    assert feed(Damage(0.04, continuous=False), steps).sentence(0, 0) == ""  # a pause
    broadcast = feed(Damage(0.04, continuous=True), steps)
    assert broadcast.sentence(0, 0) == "is damaged: 4 frames lost, between frame 10 (0.40 s) and frame 11 (0.60 s)"
    signed = feed(Damage(0.04, continuous=False), steps, f11={"signs": 1})
    assert signed.sentence(1, 0).startswith("is damaged: 4 frames lost, between frame 10 (0.40 s)")
    uneven = [0.02, 0.06] * 5 + [0.2]
    assert feed(Damage(0.04, continuous=True), uneven).sentence(0, 0) == ""


def test_damage_without_a_gap_is_counted_too():
    steps = [0.04] * 12
    assert feed(Damage(0.04, False), steps, f3={"damaged": True}).sentence(0, 0) == (
        "is damaged: 1 frame shown with errors, near frame 3 (0.12 s)"
    )
    assert feed(Damage(0.04, False), steps).sentence(2, 0) == "is damaged: 2 frames lost, behind frame 12 (0.48 s)"
    assert feed(Damage(0.04, False), steps).sentence(0, 1) == (
        "is damaged: 1 packet incomplete, behind frame 12 (0.48 s)"
    )
    joined = feed(Damage(0.04, True), steps, f5={"signs": 1, "backwards": True})
    assert joined.sentence(0, 1) == ""  # where files were joined, nothing is lost
    assert Damage(0.04, False).sentence(3, 0) == "is damaged: 3 frames lost, before the first frame"
