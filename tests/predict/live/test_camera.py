"""A device of FFmpeg that every machine has, in place of a camera."""

import pytest

from affect_jax.predict.live import camera as module
from affect_jax.predict.live.camera import Camera, is_camera


def test_frames_of_a_device_have_the_time_at_which_they_came(clock):
    camera = Camera("color=color=0x4080C0:size=64x48:rate=30:duration=0.2", clock, "lavfi")
    assert camera.rate == 30
    came = []
    for captured in camera:
        came.append((captured.frame.index, round(captured.frame.time_seconds, 6), captured.seconds))
        clock.time += 0.05
    camera.close()
    assert [index for index, _, _ in came] == [0, 1, 2, 3, 4, 5]
    assert [seconds for _, seconds, _ in came] == pytest.approx([0.0, 0.05, 0.1, 0.15, 0.2, 0.25])
    assert came[0][2] == 100.0
    assert captured.frame.image.shape == (48, 64, 3)
    assert abs(captured.frame.image.mean((0, 1)) - (0x40, 0x80, 0xC0)).max() < 4


def test_a_device_that_is_no_camera(tmp_path, clock):
    path = tmp_path / "video0"
    path.write_text("")
    assert not is_camera(path)
    with pytest.raises(ValueError, match=r"video0 cannot be opened as a camera \(.+\); is another program using it"):
        Camera(str(path), clock)


def test_a_camera_that_is_unplugged_says_after_how_many_frames(clock, monkeypatch):
    camera = Camera("color=size=64x48:rate=30:duration=0.2", clock, "lavfi")

    class Unplugged:
        def decode(self, stream):
            yield from list(original.decode(stream))[:2]
            raise module.av.error.OSError(19, "No such device")

        def close(self):
            original.close()

    original = camera._container
    camera._container = Unplugged()
    with pytest.raises(ValueError, match=r"stopped after 2 frames \(No such device\)$"):
        list(camera)
    camera.close()
