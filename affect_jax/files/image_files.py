"""Image files: decoding, encoding, and a quick check that a file is complete."""

import io
import os
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import ExifTags, Image

from affect_jax.files import images as encoded
from affect_jax.files.images import EMPTY, SMALLEST_PX
from affect_jax.types import UnreadableImage

MISSING = "image is missing"
IMPOSSIBLE = "no file can have the name of the image"  # one with a zero byte, in a damaged list
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".jp2", ".ppm", ".pgm"),
    *(".avif", ".heic", ".heif", ".hif"),
)
JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
TAIL_BYTES = 64
QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations
ENCODINGS = {"png": {"compress_level": 1}, "jpeg": {"quality": 95, "subsampling": 0}}


def decode(data: bytes, where: str, upright: bool = True) -> UInt8[np.ndarray, "height width 3"]:
    """Like `files.images.decode`; the UnreadableImage message starts with `where` and ends with advice."""
    try:
        return encoded.decode(data, upright)
    except UnreadableImage as error:
        raise UnreadableImage(f"{where}: {error}; replace the file or remove the row") from error


def decode_plain(data: bytes, where: str) -> UInt8[np.ndarray, "height width 3"]:
    """Like `decode`, but faster; only for images written by `encode`, which have no unusual modes."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    return decode(data, where) if pixels is None else pixels


def read(path: str, where: str, upright: bool = True) -> UInt8[np.ndarray, "height width 3"]:
    """Reads the RGB pixels of an image file; raises the same errors as `decode`."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        reason = MISSING if isinstance(error, FileNotFoundError) else f"image cannot be read ({error.strerror})"
        raise UnreadableImage(f"{where}: {reason}; add the file or remove the row") from error
    except ValueError as error:
        raise UnreadableImage(f"{where}: {IMPOSSIBLE}; correct or remove the row") from error
    return decode(data, where, upright)


class ImageCheck(NamedTuple):
    """Result of a quick check of an image file; width and height are of the pixels as stored."""

    reason: str  # why the file is unusable, or ""
    width: int = 0
    height: int = 0
    turned: bool = False  # whether the EXIF orientation exchanges the two


def check(path: str) -> ImageCheck:
    """Checks that an image file is usable from its header, first bytes and last bytes.

    Files that look unusual are fully decoded. Damage in the middle of a file is detected only when it is read.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(len(PNG_START))
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            tail = file.read(TAIL_BYTES)
            file.seek(0)
            width, height, turned = _stored_size(file)
    except FileNotFoundError:
        return ImageCheck(MISSING)
    except ValueError:
        return ImageCheck(IMPOSSIBLE)
    except OSError as error:
        return ImageCheck(f"image cannot be read ({error.strerror})")
    if size == 0:
        return ImageCheck(EMPTY)
    complete_jpeg = head.startswith(JPEG_START) and JPEG_END in tail
    complete_png = head == PNG_START and PNG_END in tail
    if not width or not (complete_jpeg or complete_png):
        try:
            height, width = read(path, "", upright=False).shape[:2]
        except UnreadableImage as error:
            return ImageCheck(str(error).removeprefix(": ").partition(";")[0])
    if min(width, height) < SMALLEST_PX:
        return ImageCheck(f"image is smaller than {SMALLEST_PX} px")
    return ImageCheck("", width, height, turned)


def _stored_size(file) -> tuple[int, int, bool]:
    try:
        with encoded.open_image(file) as image:
            exif = Image.Image.getexif(image)  # that of PNG files would decode the image
            return *image.size, exif.get(ExifTags.Base.Orientation, 1) in QUARTER_TURNS
    except Exception:  # Pillow may raise almost anything on a corrupt file; `decode` reports the reason
        return 0, 0, False


def encode(image: UInt8[np.ndarray, "height width 3"], encoding: str) -> bytes:
    """Encodes an image as "png" (lossless) or "jpeg" (quality 95, no chroma subsampling)."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, encoding, **ENCODINGS[encoding])
    return buffer.getvalue()
