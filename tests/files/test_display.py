"""What a file declares about its picture is obeyed: turn, mirror image, and pixels that are not square."""

import itertools
import logging
from fractions import Fraction

import av
import films
import numpy as np
import pytest

from affect_jax.files.display import quarter_turn, square_size, turn
from affect_jax.files.video_frames import VideoFrames
from affect_jax.predict.sources import Video

# a, b, c, d, and where the upper left corner comes to: the eight ways of showing a rectangle
WAYS = [
    ((1, 0, 0, 1), (0, 0)),
    ((0, 1, -1, 0), (0, -1)),  # a quarter clockwise
    ((-1, 0, 0, -1), (-1, -1)),
    ((0, -1, 1, 0), (-1, 0)),
    ((-1, 0, 0, 1), (0, -1)),  # mirrored, left and right
    ((1, 0, 0, -1), (-1, 0)),
    ((0, 1, 1, 0), (0, 0)),  # mirrored at the diagonal
    ((0, -1, -1, 0), (-1, -1)),
]


def corner(image) -> tuple[int, int]:
    """The only bright corner."""
    (found,) = [place for place in itertools.product((0, -1), (0, -1)) if image[place].mean() > 200]
    return found


@pytest.mark.parametrize(("way", "expected"), WAYS)
def test_prediction_and_readers_show_a_video_as_its_matrix_says(tmp_path, way, expected):
    path = films.write(tmp_path / "film.mp4", films.gray_images([40, 40]))
    films.write_matrix(path, films.display_matrix(*way))
    with Video(path) as video:
        image = next(iter(video)).image
    assert image.shape == ((48, 64, 3) if way[0] else (64, 48, 3))
    assert corner(image) == expected
    np.testing.assert_array_equal(VideoFrames(path).image(0), image)


@pytest.mark.parametrize(("way", "expected"), WAYS)
def test_a_turn_equals_the_map_of_each_pixel(way, expected):
    a, b, c, d = way
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    linear, rest = quarter_turn(np.array(films.display_matrix(*way)))
    np.testing.assert_array_equal(linear, [[a, c], [b, d]])
    assert rest == 0
    shown = turn(image, linear)
    places = [(a * x + c * y, b * x + d * y) for y, x in itertools.product(range(4), range(6))]
    left, top = np.min(places, 0)
    for (y, x), (shown_x, shown_y) in zip(itertools.product(range(4), range(6)), places, strict=True):
        np.testing.assert_array_equal(shown[shown_y - top, shown_x - left], image[y, x])


@pytest.mark.parametrize(("degrees", "quarters", "rest"), [(80, 90, -10), (3, 0, 3), (181, 180, 1), (-100, -90, -10)])
def test_other_angles_are_rounded_to_quarters(degrees, quarters, rest):
    def matrix(angle):
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        return np.array(films.display_matrix(cos, sin, -sin, cos))

    linear, beyond = quarter_turn(matrix(degrees))
    np.testing.assert_array_equal(linear, quarter_turn(matrix(quarters))[0])
    assert beyond == pytest.approx(rest, abs=0.01)
    np.testing.assert_array_equal(quarter_turn(np.zeros(9, np.int32))[0], np.eye(2))  # a damaged one


def test_a_turn_that_is_rounded_is_said(tmp_path, caplog):
    path = films.write(tmp_path / "film.mp4", films.gray_images([40, 40]))
    cos, sin = np.cos(np.radians(70)), np.sin(np.radians(70))
    films.write_matrix(path, films.display_matrix(cos, sin, -sin, cos))
    with caplog.at_level(logging.WARNING), Video(path) as video:
        assert [frame.image.shape for frame in video] == [(64, 48, 3)] * 2
    (record,) = [record for record in caplog.records if "turn" in record.message]
    assert "film.mp4 declares a turn that is 20 degrees off a quarter turn" in record.message


@pytest.mark.parametrize(
    ("name", "ratio", "size"),
    [
        ("wide.mp4", Fraction(64, 45), (91, 48)),
        ("wide.mkv", Fraction(64, 45), (91, 48)),
        ("wide.ts", Fraction(64, 45), (91, 48)),
        ("wide.avi", Fraction(64, 45), (91, 48)),
        ("high.mkv", Fraction(1, 2), (64, 96)),
        ("square.mp4", Fraction(1), (64, 48)),
        ("unknown.mp4", None, (64, 48)),
        ("absurd.mp4", Fraction(100, 1), (64, 48)),
    ],
)
def test_pixels_become_square(tmp_path, name, ratio, size):
    path = films.write(tmp_path / name, films.gray_images(range(40, 160, 10)), ratio=ratio, codec="mpeg4")
    with Video(path) as video:
        images = [frame.image for frame in video]
    assert [image.shape[1::-1] for image in images] == [size] * 12
    assert corner(images[0]) == (0, 0)
    reader = VideoFrames(path)
    np.testing.assert_array_equal(reader.image(1), images[1])
    np.testing.assert_allclose(reader.stretch(), (size[0] / 64, size[1] / 48))


def test_the_ratio_is_that_of_the_stored_pixels_before_the_turn(tmp_path):
    path = films.write(tmp_path / "film.mp4", films.gray_images([40, 40]), ratio=Fraction(3, 2))
    films.write_matrix(path, films.display_matrix(0, 1, -1, 0))
    reader = VideoFrames(path)
    assert reader.image(0).shape == (96, 48, 3)
    assert reader.stretch() == (1.0, 1.5)  # in the image as shown


def remux(source, target, sps_ratio: str):
    """Copies a stream and writes another ratio into it; that of the container stays."""
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        stream = before.streams.video[0]
        copy = after.add_stream_from_template(stream)
        change = av.bitstream.BitStreamFilterContext(f"h264_metadata=sample_aspect_ratio={sps_ratio}", stream, copy)
        for packet in before.demux(stream):
            for changed in change.filter(packet if packet.dts is not None else None):
                changed.stream = copy
                after.mux(changed)
    return target


def test_the_container_has_the_last_word(tmp_path):
    source = films.write(tmp_path / "film.mp4", films.gray_images([40] * 4), ratio=Fraction(3, 2))
    path = remux(source, tmp_path / "other.mp4", "1/1")
    with Video(path) as video:
        assert [frame.image.shape for frame in video] == [(48, 96, 3)] * 4


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video", "mpeg4"])
def test_a_ratio_that_changes_is_obeyed_from_its_first_frame(tmp_path, codec):
    first = films.write(
        tmp_path / "a.ts",
        films.gray_images(range(0, 120, 10)),
        codec=codec,
        ratio=Fraction(1),
        muxer={"mpegts_copyts": "1"},
    )
    second = films.write(
        tmp_path / "b.ts",
        films.gray_images(range(120, 240, 10)),
        codec=codec,
        start=12,
        ratio=Fraction(4, 3),
        muxer={"mpegts_copyts": "1"},
    )
    path = films.join(tmp_path / "both.ts", first, second)
    with Video(path) as video:
        frames = list(video)
    levels = [round(float(frame.image[-8:, -8:].mean()) / 10) for frame in frames]
    widths = [frame.image.shape[1] for frame in frames]
    assert len(frames) == 24
    assert widths == [64 if level < 12 else 85 for level in levels]
    reader = VideoFrames(path)
    # The encoder of MPEG-4 part 2 writes the ratio once a file, so a decoder that seeks cannot know it.
    for number in range(24) if codec == "mpeg4" else (23, 2, 13, 11, 12):
        assert reader.image(number).shape[1] == widths[number]


def test_sizes_by_hand():
    assert square_size(720, 576, Fraction(64, 45)) == (1024, 576)
    assert square_size(640, 180, Fraction(1, 2)) == (640, 360)
    assert square_size(320, 180, Fraction(1)) == (320, 180)


def test_a_reader_that_seeks_opens_the_same_display(tmp_path):
    path = films.write(tmp_path / "film.mp4", films.textures(30), ratio=Fraction(3, 2), options={"g": "6"})
    with Video(path) as video:
        frames = [frame.image for frame in video]
    reader = VideoFrames(path)
    for number in (20, 3, 29, 0, 11):
        np.testing.assert_array_equal(reader.image(number), frames[number])
