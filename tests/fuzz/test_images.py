"""Damaged images: pixels of the declared size, or one sentence that names the file."""

import io
import pathlib

import numpy as np
import pytest
from mutations import PROFILES, damaged_bytes, for_all, outcome
from PIL import Image

from affect_jax.files import image_files
from affect_jax.files.kinds import is_image
from affect_jax.predict.sources import read_image

PIXELS = (np.arange(40 * 30 * 3).reshape(30, 40, 3) * 7 % 251).astype(np.uint8)
EXIF = Image.Exif()
EXIF[0x0112] = 6
FORMS = {
    "jpeg": {"format": "JPEG", "exif": EXIF},
    "progressive": {"format": "JPEG", "progressive": True},
    "png": {"format": "PNG"},
    "bmp": {"format": "BMP"},
    "webp": {"format": "WEBP"},
    "tiff": {"format": "TIFF", "compression": "tiff_lzw"},
    "gif": {"format": "GIF"},
    "ppm": {"format": "PPM"},
    "jp2": {"format": "JPEG2000"},
    "avif": {"format": "AVIF"},
    "heif": {"format": "HEIF"},
}
READ = [form for form, options in FORMS.items() if options["format"] in Image.SAVE]  # HEIF needs an extra


def encoded(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, **FORMS[form])
    return buffer.getvalue()


@PROFILES
@pytest.mark.parametrize("form", READ)
def test_a_damaged_image_is_read_or_named(profile, form, tmp_path):
    path = tmp_path / "face.img"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        is_image(path)
        found = image_files.check(str(path))
        pixels = outcome(lambda: image_files.read(str(path), path.name), path.name)
        again = outcome(lambda: read_image(pathlib.Path(path)), path.name)
        assert (pixels is None) == (again is None)
        if pixels is not None:
            assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size
            np.testing.assert_array_equal(pixels, again)
            if not found.reason:
                assert {found.width, found.height} == set(pixels.shape[:2])

    check(encoded(form))
    for_all(profile, damaged_bytes(encoded(form)), check)


@pytest.mark.parametrize("form", READ)
def test_the_first_bytes_alone_are_no_image(form, tmp_path):
    path, whole = tmp_path / "face.img", encoded(form)
    for length in (0, 1, 4, 16, 30):
        path.write_bytes(whole[:length])
        assert outcome(lambda: image_files.read(str(path), path.name), path.name) is None
