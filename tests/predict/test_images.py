"""All kinds of image files, up to the crop that the network receives."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from affect_jax.files import image_files
from affect_jax.predict.images import predict_images
from affect_jax.predict.options import Options
from affect_jax.predict.sources import read_image

WIDTH, HEIGHT = 48, 40


@pytest.fixture
def ramp():
    down, across = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([across * 5, down * 6, across + down], -1).astype(np.uint8)


def written(path, image, kind):
    """The picture in a mode nobody expects."""
    made = Image.fromarray(image)
    exif = Image.Exif()
    exif[0x0112] = 6
    if kind == "16 bit":
        cv2.imwrite(str(path), image[..., ::-1].astype(np.uint16) * 257)
    elif kind == "gray 16 bit":
        Image.fromarray(image[..., 0].astype(np.uint16) * 257).save(path)
    elif kind == "turned by the camera":
        Image.fromarray(np.ascontiguousarray(np.rot90(image))).save(path, exif=exif)
    elif kind == "palette":
        made.quantize(256, dither=Image.Dither.NONE).save(path)
    elif kind == "see-through":
        alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
        Image.fromarray(np.concatenate([image, alpha], -1)).save(path)
    else:
        made.convert(kind).save(path)
    return path


@pytest.mark.parametrize(
    ("kind", "suffix", "tolerance"),
    [
        ("16 bit", ".png", 0),
        ("turned by the camera", ".png", 0),
        ("see-through", ".png", 0),
        ("palette", ".png", 20),
        ("CMYK", ".tif", 0),
        ("CMYK", ".jpg", 12),
        ("YCbCr", ".jpg", 12),
    ],
)
def test_colors_come_through_whatever_the_mode(tmp_path, ramp, kind, suffix, tolerance):
    image = read_image(written(tmp_path / f"face{suffix}", ramp, kind))
    assert image.shape == ramp.shape and image.dtype == np.uint8
    assert np.abs(image.astype(int) - ramp).max() <= tolerance


@pytest.mark.parametrize("kind", ["L", "LA", "gray 16 bit", "1"])
def test_gray_becomes_three_equal_channels(tmp_path, ramp, kind):
    image = read_image(written(tmp_path / "face.png", ramp, kind))
    assert (image == image[..., :1]).all()
    expected = {"gray 16 bit": ramp[..., 0]}.get(kind, np.asarray(Image.fromarray(ramp).convert("L")))
    if kind != "1":
        np.testing.assert_array_equal(image[..., 0], expected)


def test_prediction_reads_images_as_training_does(tmp_path, ramp):
    alpha = np.linspace(0, 255, WIDTH, dtype=np.uint8) * np.ones((HEIGHT, 1), np.uint8)
    path = tmp_path / "cut_out.png"
    Image.fromarray(np.concatenate([ramp, alpha[..., None]], -1)).save(path)
    np.testing.assert_array_equal(read_image(path), image_files.read(str(path), "row 1"))
    assert not read_image(path)[:, 0].any()  # what cannot be seen is black


def test_half_a_photograph_is_refused_not_guessed(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / "half.jpg"
    Image.fromarray(noise).save(path, quality=95)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    with pytest.raises(ValueError, match=r"half\.jpg cannot be read as an image \(\d+ bytes\): image is truncated"):
        read_image(path)


@pytest.mark.parametrize(("name", "size"), [("dot", (1, 1)), ("line", (300, 1)), ("icon", (15, 40))])
def test_a_dot_is_no_face(make_predictor, tmp_path, name, size):
    Image.new("RGB", size, "white").save(tmp_path / f"{name}.png")
    Image.new("RGB", (32, 32), "white").save(tmp_path / "face.png")
    sources = [tmp_path / f"{name}.png", tmp_path / "face.png"]
    result = predict_images(make_predictor(), sources, tmp_path / "out", "table", None, Options())
    (problem,) = result.problems
    assert problem.endswith(f"{name}.png is {size[0]} x {size[1]} px; a face needs at least 16 px")
    assert result.frames == 1


def test_overlays_that_a_killed_run_left_half_written_are_removed(make_predictor, tmp_path):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    Image.new("RGB", (32, 32), "white").save(tmp_path / "face.png")
    overlays = tmp_path / "out" / "table_overlay"
    overlays.mkdir(parents=True)
    (overlays / f"gone.jpg.png.{done.pid}.part").touch()
    predict_images(make_predictor(), [tmp_path / "face.png"], tmp_path / "out", "table", None, Options(overlay=True))
    assert [path.name for path in overlays.iterdir()] == ["face.png.png"]
