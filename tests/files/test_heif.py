"""HEIC and HEIF: read whole and upright with the extra, refused in one sentence without it."""

import io

import numpy as np
import pytest
from PIL import Image

from affect_jax.files import heif, images
from affect_jax.files.image_files import check, read
from affect_jax.files.kinds import is_image
from affect_jax.predict.sources import read_image
from affect_jax.types import UnreadableImage

STUB = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
needs_extra = pytest.mark.skipif(not images.READS_HEIF, reason="needs pillow-heif, the extra heif")


@pytest.fixture
def without_extra(monkeypatch):
    monkeypatch.setattr(images, "READS_HEIF", False)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)


@pytest.mark.parametrize("name", ["a.heic", "a.HEIF", "a.hif", "IMG_0001", "a.jpg"])
def test_without_the_extra_one_sentence_refuses(without_extra, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(STUB)
    assert is_image(path)  # and not a film of its tiles
    with pytest.raises(ValueError) as error:
        read_image(path)
    assert str(error.value) == (
        f"{path} cannot be read as an image (224 bytes): "
        'HEIC is not read: pip install "affect_jax[heif]", or save it as JPEG'
    )


def test_readers_name_the_extra_too(without_extra, tmp_path):
    (tmp_path / "a.heic").write_bytes(STUB)
    with pytest.raises(UnreadableImage, match=r'list, row 3: HEIC is not read: pip install "affect_jax\[heif\]"'):
        read(str(tmp_path / "a.heic"), "list, row 3")
    assert check(str(tmp_path / "a.heic")).reason.startswith("HEIC is not read: pip install")


def test_a_broken_file_is_named_as_such(tmp_path):
    (tmp_path / "a.heic").write_bytes(STUB)
    with pytest.raises(ValueError, match=r"a.heic cannot be read as an image \(224 bytes\)"):
        read_image(tmp_path / "a.heic")


@pytest.fixture
def photograph():
    """Four colors, one in each corner."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[:32, :48], image[:32, 48:], image[32:, :48] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    return image


@needs_extra
@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (6, 1), (3, 2), (8, 3)])
def test_pictures_are_read_upright(tmp_path, photograph, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(np.rot90(photograph, turn))
    Image.fromarray(stored).save(tmp_path / "a.heic", exif=exif, quality=95)
    image = read_image(tmp_path / "a.heic")
    assert image.shape == photograph.shape
    assert np.abs(image.astype(int) - photograph).mean() < 6
    checked = check(str(tmp_path / "a.heic"))
    assert not checked.reason and {checked.width, checked.height} == {96, 64}


def box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return (8 + len(data)).to_bytes(4, "big") + kind + data


@pytest.mark.parametrize(("turn", "restored"), [(b"irot", False), (b"imir", False), (b"ispe", True)])
def test_a_turn_of_the_container_goes_before_that_of_exif(turn, restored):
    # libheif applies the boxes, so an EXIF orientation beside them must not be applied again.
    data = box(b"ftyp", b"heic") + box(b"meta", bytes(4), box(b"iprp", box(b"ipco", box(turn, b"\1"))))
    data += box(b"mdat", b"irot imir" * 3)
    image = Image.open(io.BytesIO(png()))
    image.info["original_orientation"] = 6
    heif.restore_exif_turn(image, data)
    assert image.getexif().get(0x0112) == (6 if restored else None)


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    return buffer.getvalue()
