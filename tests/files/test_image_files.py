"""Image modes found on the web, through a complete reader and the crop."""

import csv
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.face_crops import prepare
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.affectnet_rows import COLUMNS
from affect_jax.files import image_files
from affect_jax.types import UnreadableImage

POINTS = np.stack([np.linspace(12, 50, 68), 8 + 30 * np.linspace(0, 1, 68) ** 2], axis=1).round(2)
COLORS = [(230, 20, 20), (20, 210, 40), (30, 40, 220), (240, 240, 240)]  # quarters, clockwise from the top left


@pytest.fixture
def quarters():
    pixels = np.zeros((48, 64, 3), np.uint8)
    for color, rows, columns in zip(COLORS, (0, 0, 24, 24), (0, 32, 32, 0), strict=True):
        pixels[rows : rows + 24, columns : columns + 32] = color
    return pixels


def read(root, name, landmarks=True, **options):
    """The only image of a list, and its crop without jitter."""
    cell = ";".join(f"{value:.2f}" for value in POINTS.ravel()) if landmarks else ""
    with open(root / "training.csv", "w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, [name, "", "", "", "", cell, 1, 0.5, 0.1]])
    source = affectnet(AffectNetConfig(str(root), **options))
    crop, labels = prepare(source.image(0), source.examples[0].labels, 64, None, AugmentConfig())
    return source.image(0), crop, labels


def middles(image):
    """The colors in the middle of the quarters, clockwise."""
    return np.array([image[12, 16], image[12, 48], image[36, 48], image[36, 16]], int)


@pytest.mark.parametrize(
    "name, mode, options",
    [
        ("cmyk.jpg", "CMYK", {"quality": 95}),  # JPEG encoders write inverted CMYK, marked by an Adobe segment
        ("cmyk.tif", "CMYK", {}),
        ("ycc.tif", "YCbCr", {}),
        ("palette.png", "P", {}),
        ("palette.gif", "P", {}),
        ("alpha.webp", "RGBA", {"lossless": True}),
        ("alpha.png", "RGBA", {}),
        ("progressive.jpg", "RGB", {"quality": 95, "progressive": True, "subsampling": 0}),
    ],
)
def test_colors_survive_every_mode(tmp_path, quarters, name, mode, options):
    Image.fromarray(quarters).convert(mode).save(tmp_path / name, **options)
    image, crop, _ = read(tmp_path, name)
    np.testing.assert_allclose(middles(image), COLORS, atol=60 if "palette" in name else 4)
    plain = Image.fromarray(quarters)
    plain.save(tmp_path / "plain.png")
    _, expected, _ = read(tmp_path, "plain.png")
    assert np.abs(crop - expected).mean() < (0.08 if "palette" in name else 0.02)


@pytest.mark.parametrize("name, mode", [("gray.png", "L"), ("gray_alpha.png", "LA"), ("bits.png", "1")])
def test_gray_and_black_and_white_fill_three_channels(tmp_path, name, mode):
    shades = np.zeros((48, 64), np.uint8)
    shades[:, 32:] = 255
    Image.fromarray(shades).convert(mode).save(tmp_path / name)
    image, _, _ = read(tmp_path, name)
    np.testing.assert_array_equal(image, np.repeat(shades[..., None], 3, 2))


def test_sixteen_bits_keep_their_upper_eight(tmp_path):
    deep = np.linspace(0, 65_535, 48 * 64).round().astype(np.uint16).reshape(48, 64)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    image, _, _ = read(tmp_path, "deep.png")
    np.testing.assert_array_equal(image, np.repeat((deep // 256).astype(np.uint8)[..., None], 3, 2))
    colors = np.stack([deep, deep[::-1], deep // 2], 2)
    assert cv2.imwrite(str(tmp_path / "deep_colors.png"), colors[..., ::-1])
    image, _, _ = read(tmp_path, "deep_colors.png")
    np.testing.assert_allclose(image.astype(int), colors // 256, atol=1)


@pytest.mark.parametrize("kind, reason", [(np.int32, "expected 8 or 16 bits"), (np.float32, "floating point")])
def test_more_than_sixteen_bits_are_rejected_by_row(tmp_path, kind, reason):
    Image.fromarray((np.arange(48 * 64).reshape(48, 64) * 100).astype(kind)).save(tmp_path / "deep.tif")
    with pytest.raises(UnreadableImage, match=rf"training.csv, row 2 \(.*deep.tif\): .*{reason}.*remove the row"):
        read(tmp_path, "deep.tif", check_images=False)
    with pytest.raises(ValueError, match=rf"row 2: .*{reason}"):
        read(tmp_path, "deep.tif", strict=True)


def test_transparent_pixels_become_black_in_palettes_too(tmp_path):
    pixels = np.zeros((48, 64), np.uint8)
    pixels[:, 32:] = 1
    palette = Image.fromarray(pixels, "L").convert("P")
    palette.putpalette([200, 100, 50, 10, 220, 30])
    palette.save(tmp_path / "see_through.png", transparency=1)
    image, _, _ = read(tmp_path, "see_through.png")
    np.testing.assert_array_equal(image[:, :32], np.broadcast_to((200, 100, 50), (48, 32, 3)))
    assert not image[:, 32:].any()


def test_the_first_frame_of_an_animation_is_read(tmp_path, quarters):
    frames = [Image.fromarray(quarters), Image.new("RGB", (64, 48), "white")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    image, _, _ = read(tmp_path, "moving.gif")
    np.testing.assert_allclose(middles(image), COLORS, atol=60)


@pytest.mark.parametrize("turn", range(2, 9))
def test_landmarks_in_stored_pixels_stay_on_the_face_for_any_exif_orientation(tmp_path, quarters, turn):
    Image.fromarray(quarters).save(tmp_path / "plain.png")
    _, expected, labels = read(tmp_path, "plain.png")
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(quarters).save(tmp_path / "turned.png", exif=exif)
    _, crop, turned_labels = read(tmp_path, "turned.png")
    np.testing.assert_array_equal(crop, expected)
    np.testing.assert_array_equal(turned_labels["landmarks"].value, labels["landmarks"].value)


def test_exif_orientation_is_applied_without_pixel_coordinates(quarters):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by 90 degrees
    file = io.BytesIO()
    Image.fromarray(quarters).save(file, "PNG", exif=exif)
    upright = image_files.decode(file.getvalue(), "x")
    np.testing.assert_array_equal(upright, np.rot90(quarters, -1))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_an_image_of_one_pixel_has_a_size_but_is_not_a_face(tmp_path, mode):
    Image.new(mode, (1, 1)).save(tmp_path / "dot.jpg")
    assert image_files.check(str(tmp_path / "dot.jpg")) == image_files.ImageCheck("image is smaller than 16 px")
    with pytest.raises(ValueError, match=r"row 2: image is smaller than 16 px: expected a complete image at .*dot.jpg"):
        read(tmp_path, "dot.jpg", landmarks=False, strict=True)
    # Unchecked, the landmarks still give it away.
    with pytest.raises(UnreadableImage, match=r"row 2 \(.*dot.jpg\): landmarks lie outside the image of 1 x 1 px"):
        read(tmp_path, "dot.jpg", check_images=False)


def test_a_name_that_no_file_can_have_is_named():
    assert image_files.check("a\0.jpg").reason == "no file can have the name of the image"
    with pytest.raises(UnreadableImage, match="list.csv, row 3: no file can have the name of the image; correct or"):
        image_files.read("a\0.jpg", "list.csv, row 3")
