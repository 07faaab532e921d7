import pickle
from fractions import Fraction

import films
import numpy as np
import pytest
from PIL import Image
from records import no_labels

from affect_jax.data.clips import evaluation_windows
from affect_jax.data.landmark_tables import with_landmarks
from affect_jax.data.recordings import NumberedImages, Recording, Recordings, find_footage
from affect_jax.types import UnreadableImage


def images(folder, numbers, suffix=".png", digits=5):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.new("RGB", (20, 16), (number, number, number)).save(folder / f"{number:0{digits}d}{suffix}")
    return folder


def test_numbered_images_keep_their_time_if_some_are_missing(tmp_path):
    folder = images(tmp_path / "f", (1, 3, 4, 12))
    (folder / "notes.txt").write_text("")
    (folder / "cover.png").write_bytes(b"")
    footage = NumberedImages(folder, 25.0)
    assert footage.numbers.tolist() == [0, 2, 3, 11]
    np.testing.assert_allclose(footage.times_seconds(), [0, 0.08, 0.12, 0.44])
    assert footage.image(11).shape == (16, 20, 3) and (footage.image(11) == 12).all()
    (folder / "00004.png").unlink()
    with pytest.raises(UnreadableImage, match=r"f/00004.png, frame 3: image is missing"):
        footage.image(3)


def test_names_of_images_need_not_be_padded(tmp_path):
    folder = images(tmp_path / "f", (2, 10, 9), digits=1)
    assert NumberedImages(folder, 1.0, first=0).numbers.tolist() == [2, 9, 10]
    assert (NumberedImages(folder, 1.0, first=0).image(10) == 10).all()


def test_invalid_frame_numbers_are_rejected(tmp_path):
    with pytest.raises(ValueError, match=r"a has 00000.png; expected 00001 for the first frame"):
        NumberedImages(images(tmp_path / "a", (0, 1)), 25.0)
    images(tmp_path / "b", (1, 2))
    with pytest.raises(ValueError, match=r"b has two images of one frame: .*00002.* and .*00002"):
        NumberedImages(images(tmp_path / "b", (2,), ".jpg"), 25.0)
    (tmp_path / "c").mkdir()
    with pytest.raises(FileNotFoundError, match=r"c has no images named by frame number, such as 00001.jpg"):
        NumberedImages(tmp_path / "c", 25.0)


def test_images_go_before_videos_and_need_a_frame_rate(write_film, tmp_path):
    write_film(tmp_path / "videos" / "one.avi", range(0, 80, 10), "mpeg4")
    assert find_footage(tmp_path, "one", 0.0).path == tmp_path / "videos" / "one.avi"
    images(tmp_path / "frames" / "one", (1, 2))
    assert len(find_footage(tmp_path, "one", 50.0).numbers) == 2
    with pytest.raises(ValueError, match=r"frames/one holds images, which have no frame rate; set fps"):
        find_footage(tmp_path, "one", 0.0)
    with pytest.raises(FileNotFoundError, match=r"neither a folder .*frames/two of images .* nor a video .*videos/two"):
        find_footage(tmp_path, "two", 50.0)


def test_recordings_are_clips_one_after_the_other(write_film, tmp_path):
    film = find_footage(write_film(tmp_path / "videos" / "a.mp4", (0, 60, 120)).parents[1], "a", 0.0)
    loose = NumberedImages(images(tmp_path / "frames" / "b", (1, 2, 5)), 10.0)
    source = Recordings(
        "affectnet_8",
        [
            Recording("a", "ann", film, np.arange(3), no_labels(3, 8)),
            Recording("b", "bob", loose, np.array([0, 2]), no_labels(2, 8)),
        ],
    )
    assert list(source.examples.names) == ["a/00000", "a/00001", "a/00002", "b/00000", "b/00004"]
    assert list(source.examples.subjects) == ["ann"] * 3 + ["bob"] * 2
    np.testing.assert_allclose(source.examples.time_seconds, [0, 0.04, 0.08, 0, 0.4], atol=1e-3)
    again = pickle.loads(pickle.dumps(source))  # for the processes that write a store
    for each in (source, again):
        assert [round(each.image(index).mean() / 10) for index in (2, 4, 1, 3)] == [12, 0, 6, 0]
    assert (source.image(4) == 5).all()


def test_windows_do_not_run_over_a_place_where_the_clock_starts_again(tmp_path):
    parts = [films.write(tmp_path / f"{number}.ts", films.textures(12, number)) for number in range(2)]
    (tmp_path / "videos").mkdir()
    films.join(tmp_path / "videos" / "a.ts", *parts)
    footage = find_footage(tmp_path, "a", 0.0)
    source = Recordings("affectnet_8", [Recording("a", "ann", footage, np.arange(24), no_labels(24, 8))])
    assert list(source.examples.clips) == ["a"] * 12 + ["a#1"] * 12
    np.testing.assert_allclose(source.examples.time_seconds, np.arange(24) / 25, atol=1e-6)
    indices, _ = evaluation_windows(source, 4)
    assert not any(window.min() < 12 <= window.max() for window in indices)


@pytest.mark.parametrize(
    ("ratio", "turned", "factors"),
    [(Fraction(1), False, (1, 1)), (Fraction(3, 2), False, (1.5, 1)), (Fraction(3, 2), True, (1, 1.5))],
)
def test_landmarks_of_stored_pixels_come_to_square_ones(tmp_path, ratio, turned, factors):
    # OpenFace tracks the pixels as they are stored, and we show square ones.
    path = films.write(tmp_path / "videos" / "a.mp4", films.gray_images([40] * 3), ratio=ratio)
    if turned:
        films.write_matrix(path, films.display_matrix(0, 1, -1, 0))
    points = np.random.default_rng(0).uniform(5, 40, (3, 68, 2)).round(1)
    columns = ["frame", "success", *(f"{axis}_{number}" for axis in "xy" for number in range(68))]
    rows = [[number + 1, 1, *points[number, :, 0], *points[number, :, 1]] for number in range(3)]
    (tmp_path / "landmarks").mkdir()
    text = "\n".join(",".join(map(str, row)) for row in [columns, *rows])
    (tmp_path / "landmarks" / "a.csv").write_text(text + "\n")
    footage = find_footage(tmp_path, "a", 0.0)
    recording = with_landmarks(Recording("a", "ann", footage, np.arange(3), no_labels(3, 8)), tmp_path)
    np.testing.assert_allclose(recording.labels["landmarks"].value, points * factors, rtol=1e-6)


def test_frames_are_upright_unless_their_landmarks_are_in_pixels_as_stored(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 16)).save(folder / "1.jpg", exif=exif)
    assert NumberedImages(folder, 25.0).image(0).shape == (20, 16, 3)
    assert NumberedImages(folder, 25.0, upright=False).image(0).shape == (16, 20, 3)


def test_a_video_may_have_any_known_ending_in_either_case(tmp_path):
    films.write(tmp_path / "videos" / "one.MP4", films.gray_images([40] * 3))
    films.write(tmp_path / "videos" / "two.m4v", films.gray_images([40] * 3))
    for name in ("one", "two"):
        assert len(find_footage(tmp_path, name, 0.0).numbers) == 3
