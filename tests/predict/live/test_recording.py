"""The recorded video has the frames of the session at their times."""

import numpy as np

from affect_jax.predict.live.recording import Recording
from affect_jax.predict.sources import Video


def test_a_frame_of_the_video_is_shown_when_the_camera_saw_it(tmp_path):
    seconds, levels = [0.0, 0.04, 0.2, 1.234], [40, 90, 140, 190]
    recording = Recording(tmp_path / "out" / "video0.mp4")
    for time_seconds, level in zip(seconds, levels, strict=True):
        recording.write(np.full((49, 65, 3), level, np.uint8), time_seconds)
    assert not (tmp_path / "out" / "video0.mp4").exists()
    assert recording.close() == [tmp_path / "out" / "video0.mp4"]
    with Video(tmp_path / "out" / "video0.mp4") as video:
        frames = list(video)
    np.testing.assert_allclose([frame.time_seconds for frame in frames], seconds, atol=0.0011)
    np.testing.assert_allclose([frame.image.mean() for frame in frames], levels, atol=2)
    assert frames[0].image.shape == (48, 64, 3)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["video0.mp4"]


def test_without_a_frame_there_is_no_file(tmp_path):
    assert Recording(tmp_path / "video0.mp4").close() == []
    assert not list(tmp_path.iterdir())
