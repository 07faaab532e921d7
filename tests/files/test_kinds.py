"""What a file is, by its content where its name leaves it open."""

import pathlib

import films
import numpy as np
import pytest
from PIL import Image

from affect_jax.files.kinds import describe_left_out, is_hidden, is_image, printable


@pytest.mark.parametrize(
    "name", ["._a.jpg", ".DS_Store", ".hidden", "__MACOSX", "Thumbs.db", "thumbs.db", "desktop.ini", "@eaDir"]
)
def test_files_of_other_systems_are_hidden(name):
    assert is_hidden(name)
    assert not is_hidden(f"a{name}")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "PPM", "AVIF"])
@pytest.mark.parametrize("name", ["face", "face.bin", "face.mp4"])
def test_images_are_known_by_their_content(tmp_path, form, name):
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / name, form)
    assert is_image(tmp_path / name)


def test_films_and_texts_are_no_images(tmp_path):
    films.write(tmp_path / "film", films.gray_images([1, 2]), form="mp4")
    films.write(tmp_path / "film.mjpeg", films.gray_images([1, 2]), codec="mjpeg", form="mjpeg")
    films.write(tmp_path / "film.mpg", films.gray_images([1, 2]), codec="mpeg1video", form="mpeg1video")
    (tmp_path / "text").write_text("P6 is how a portable pixmap begins")
    (tmp_path / "drawing").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n")
    (tmp_path / "nothing").touch()
    for path in tmp_path.iterdir():
        assert not is_image(path), path
    with pytest.raises(FileNotFoundError):
        is_image(tmp_path / "absent")


@pytest.mark.parametrize(
    ("start", "image"),
    [
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", True),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", True),
        (b"\0\0\0\x1cftypheix\0\0\0\0mif1heic", True),  # .hif of cameras
        (b"\0\0\0\x1cftyphevc\0\0\0\0msf1hevc", False),  # a sequence
        (b"\0\0\0\x1cftypisom\0\0\0\0isomavc1", False),
    ],
)
def test_heif_is_known_by_its_brand(tmp_path, start, image):
    (tmp_path / "IMG_1").write_bytes(start + bytes(100))
    assert is_image(tmp_path / "IMG_1") == image


def test_what_is_left_out_is_counted_by_ending():
    names = ["b.txt", "README", "a.TXT", "z.csv", "LICENSE"]
    described = describe_left_out([pathlib.Path(name) for name in names])
    assert described == "2 without ending (README), 2 x .txt (b.txt), 1 x .csv (z.csv)"
    assert describe_left_out([pathlib.Path("caf\udce9.txt")]) == "1 x .txt (caf\ufffd.txt)"
    assert printable("caf\udce9") == "caf\ufffd"
