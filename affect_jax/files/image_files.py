"""Image files: bytes to RGB pixels and back, and a quick look whether a file is whole."""

import io
import os
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from affect_jax.files import images as encoded
from affect_jax.files.images import EMPTY, SMALLEST_PX
from affect_jax.types import UnreadableImage

MISSING = "image is missing"
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif")
JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
TAIL_BYTES = 64
ENCODINGS = {"png": {"compress_level": 1}, "jpeg": {"quality": 95, "subsampling": 0}}


def decode(data: bytes, where: str, upright: bool = True) -> UInt8[np.ndarray, "height width 3"]:
    """As `ops.image.decode`; UnreadableImage begins with `where` and ends with what to do."""
    try:
        return encoded.decode(data, upright)
    except UnreadableImage as error:
        raise UnreadableImage(f"{where}: {error}; replace the file or take the row out") from error


def decode_plain(data: bytes, where: str) -> UInt8[np.ndarray, "height width 3"]:
    """As `decode`, for images that `encode` made: faster, because nothing unusual can be in them."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    return decode(data, where) if pixels is None else pixels


def read(path: str, where: str, upright: bool = True) -> UInt8[np.ndarray, "height width 3"]:
    """RGB pixels of a image file; errors as in `decode`."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        reason = MISSING if isinstance(error, FileNotFoundError) else f"image cannot be read ({error.strerror})"
        raise UnreadableImage(f"{where}: {reason}; put the file there or take the row out") from error
    return decode(data, where, upright)


class Look(NamedTuple):
    """What a quick look at a image file shows; the size is that of the pixels as stored."""

    reason: str  # why it cannot be used, or ""
    width: int = 0
    height: int = 0


def look(path: str) -> Look:
    """Whether a image file can be used, by its header and its two ends.

    A file whose ends look unusual is decoded to be sure. Damage in the middle of a file shows only when it is read.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(len(PNG_START))
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            tail = file.read(TAIL_BYTES)
            file.seek(0)
            width, height = _stored_size(file)
    except FileNotFoundError:
        return Look(MISSING)
    except OSError as error:
        return Look(f"image cannot be read ({error.strerror})")
    if size == 0:
        return Look(EMPTY)
    whole_jpeg = head.startswith(JPEG_START) and JPEG_END in tail
    whole_png = head == PNG_START and PNG_END in tail
    if not width or not (whole_jpeg or whole_png):
        try:
            read(path, "")
        except UnreadableImage as error:
            return Look(str(error).removeprefix(": ").partition(";")[0])
    if min(width, height) < SMALLEST_PX:
        return Look(f"image is smaller than {SMALLEST_PX} px")
    return Look("", width, height)


def _stored_size(file) -> tuple[int, int]:
    try:
        with Image.open(file) as image:
            return image.size
    except Exception:  # a broken file can make Pillow raise almost anything; `decode` says what
        return 0, 0


def fault(path: str) -> str:
    """Why a image file cannot be used, or "" if it looks whole; see `look`."""
    return look(path).reason


def encode(image: UInt8[np.ndarray, "height width 3"], encoding: str) -> bytes:
    """A image as "png" (exact) or "jpeg" (quality 95, full color resolution)."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, encoding, **ENCODINGS[encoding])
    return buffer.getvalue()
