"""Encoded pictures as RGB pixels, whatever kind of picture they are."""

import io

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from affect_jax.types import UnreadableImage

EMPTY, CUT_OFF, NO_PICTURE = "image is empty", "image is cut off", "file is no image"
SIXTEEN_BITS = 2**16 - 1
SMALLEST_PX = 16  # a face on fewer pixels shows nothing that could be learned

# Pillow would import its formats when a first picture is opened, perhaps by several threads at once: here instead.
Image.preinit()  # before the others, so that the common formats are tried first
Image.init()


def decode(data: bytes, upright: bool = True) -> UInt8[np.ndarray, "height width 3"]:
    """RGB pixels of an encoded picture; `upright` obeys the camera's EXIF turn, else pixels come as stored.

    Gray, palette, CMYK and 16-bit pictures become 8-bit RGB, transparent pixels black. UnreadableImage holds nothing
    but the reason.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return _rgb(ImageOps.exif_transpose(picture) if upright else picture)
    except Exception as error:  # a broken file can make Pillow raise almost anything
        raise UnreadableImage(_reason(data, error)) from error


def _rgb(picture: Image.Image) -> UInt8[np.ndarray, "height width 3"]:
    if picture.mode == "RGB":
        return np.array(picture)
    if picture.mode == "L":
        return cv2.cvtColor(np.asarray(picture), cv2.COLOR_GRAY2RGB)  # ten times as fast as convert()
    if picture.mode.startswith("I"):  # 16 bits a pixel; convert() would cut at 255 instead of scaling
        values = np.asarray(picture).astype(np.int64)
        if values.min() < 0 or values.max() > SIXTEEN_BITS:
            raise ValueError(f"pixels are {values.min()} to {values.max()}, expected 8 or 16 bits")
        return cv2.cvtColor((values >> 8).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    if picture.mode == "F":
        raise ValueError("pixels are floating-point numbers, expected 8 or 16 bits")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        opaque = Image.new("RGB", picture.size)
        opaque.paste(picture, mask=picture.getchannel("A"))
        return np.array(opaque)
    return np.array(picture.convert("RGB"))


def _reason(data: bytes, error: Exception) -> str:
    if not data:
        return EMPTY
    if "truncated" in str(error).lower():
        return CUT_OFF
    if isinstance(error, Image.UnidentifiedImageError):
        return NO_PICTURE
    return f"image cannot be decoded ({error})"
