"""Time stamps, upright images and files that are not images."""

import itertools

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from affect_jax.predict.sources import Video, read_image

IRREGULAR = (0, 3003, 6006, 15000, 15900, 60000, 61234, 150000)  # ticks of 1/90000 s


def test_time_stamps_of_a_variable_frame_rate(write_video, tmp_path):
    path = tmp_path / "varying.mp4"
    write_video(path, range(20, 180, 20), IRREGULAR)
    with Video(path) as video:
        frames = list(video)
    assert [frame.index for frame in frames] == list(range(8))
    expected = np.array(IRREGULAR) / 90000
    assert np.abs([frame.time_seconds for frame in frames] - expected).max() < 0.001
    assert video.problem == ""
    levels = [frame.image[-4:, -4:].mean() for frame in frames]
    np.testing.assert_allclose(levels, range(20, 180, 20), atol=2)


def turn_in_file(path, quarters: int) -> None:
    """Writes a rotation into the track header of an MP4 file (ISO 14496-12, 8.3.2): the matrix a b u c d v."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 4 + 20 + 16  # after version, times and duration, layer and volume
    a, b, c, d = {1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0)}[quarters]
    for place, value in ((0, a), (4, b), (12, c), (16, d)):
        data[start + place : start + place + 4] = (value << 16).to_bytes(4, "big", signed=True)
    path.write_bytes(data)


@pytest.mark.parametrize(("quarters", "corner"), [(1, (0, -1)), (2, (-1, -1)), (3, (-1, 0))])
def test_a_rotation_in_the_file_is_undone(write_video, tmp_path, quarters, corner):
    # Played turned clockwise by a quarter, the upper left corner comes to the upper right, and so on.
    path = tmp_path / "turned.mp4"
    write_video(path, [40] * 2, [0, 3000], width=64, height=32)
    turn_in_file(path, quarters)
    with Video(path) as video:
        image = next(iter(video)).image
    assert image.shape == ((64, 32, 3) if quarters % 2 else (32, 64, 3))
    assert image[corner].mean() > 240
    assert sum(image[place].mean() > 240 for place in itertools.product((0, -1), (0, -1))) == 1


def test_a_truncated_video_gives_its_frames_and_a_problem(shared_data, tmp_path):
    whole = (shared_data / "video" / "one_woman_expressions.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 8])
    with Video(path) as video:
        frames = sum(1 for _ in video)
    assert 10 < frames < 472
    assert video.problem.endswith(f"is truncated: it declares 472 frames, but {frames} can be decoded")


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "table.csv", "-a 'b' \"c\".mp4"])
def test_text_is_no_video(tmp_path, name):
    (tmp_path / name).write_text("a line of text, and one more\n" * 50)
    with pytest.raises(ValueError, match="neither an image nor a video"):
        Video(tmp_path / name)


def test_sound_is_no_video(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(ValueError, match=r"sound\.mp4 has no video stream; expected a video \(MP4"):
        Video(path)


def test_missing_and_empty_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file at .*absent\.mp4; give a video, an image or a folder"):
        Video(tmp_path / "absent.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(
        ValueError, match=r"empty\.mp4 is neither an image nor a video .* 0 bytes\); .* Is the file complete"
    ):
        Video(tmp_path / "empty.mp4")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ValueError, match=r"broken\.jpg cannot be read as an image \(3 bytes\): file is not an image"):
        read_image(tmp_path / "broken.jpg")
    with pytest.raises(FileNotFoundError, match="no image at"):
        read_image(tmp_path / "absent.jpg")


def test_a_playlist_reaches_for_nothing(shared_data, tmp_path):
    target = shared_data / "video" / "single_face.mp4"
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n")
    (tmp_path / "list.ffconcat").write_text(f"ffconcat version 1.0\nfile '{target}'\n")
    for name in ("list.m3u8", "list.ffconcat"):
        with pytest.raises(ValueError, match="neither an image nor a video"):
            Video(tmp_path / name)


def test_images_are_read_as_rgb_from_any_name(tmp_path):
    image = np.zeros((8, 9, 3), np.uint8)
    image[..., 0] = 200  # red
    path = tmp_path / "-ein 'Bild' \"ü\".png"
    cv2.imencode(".png", image[..., ::-1])[1].tofile(path)
    np.testing.assert_array_equal(read_image(path), image)


def test_a_photograph_is_turned_as_its_exif_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side: shown turned clockwise by a quarter
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :16] = 255  # upper left as stored, upper right as shown
    Image.fromarray(pixels).save(tmp_path / "phone.jpg", exif=exif, quality=95)
    image = read_image(tmp_path / "phone.jpg")
    assert image.shape == (32, 16, 3) and image[2, -3].min() > 240 and image[2, 2].max() < 15
