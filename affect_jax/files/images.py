"""Encoded images as RGB pixels, whatever kind of image they are."""

import io

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from affect_jax.types import UnreadableImage

EMPTY, CUT_OFF, NO_IMAGE = "image is empty", "image is cut off", "file is no image"
SIXTEEN_BITS = 2**16 - 1
SMALLEST_PX = 16  # a face on fewer pixels shows nothing that could be learned

# Pillow would import its formats when a first image is opened, perhaps by several threads at once: here instead.
Image.preinit()  # before the others, so that the common formats are tried first
Image.init()


def decode(data: bytes, upright: bool = True) -> UInt8[np.ndarray, "height width 3"]:
    """RGB pixels of an encoded image; `upright` obeys the camera's EXIF turn, else pixels come as stored.

    Gray, palette, CMYK and 16-bit images become 8-bit RGB, transparent pixels black. UnreadableImage holds nothing
    but the reason.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _rgb(ImageOps.exif_transpose(image) if upright else image)
    except Exception as error:  # a broken file can make Pillow raise almost anything
        raise UnreadableImage(_reason(data, error)) from error


def _rgb(image: Image.Image) -> UInt8[np.ndarray, "height width 3"]:
    if image.mode == "RGB":
        return np.array(image)
    if image.mode == "L":
        return cv2.cvtColor(np.asarray(image), cv2.COLOR_GRAY2RGB)  # ten times as fast as convert()
    if image.mode.startswith("I"):  # 16 bits a pixel; convert() would cut at 255 instead of scaling
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > SIXTEEN_BITS:
            raise ValueError(f"pixels are {values.min()} to {values.max()}, expected 8 or 16 bits")
        return cv2.cvtColor((values >> 8).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    if image.mode == "F":
        raise ValueError("pixels are floating-point numbers, expected 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opaque = Image.new("RGB", image.size)
        opaque.paste(image, mask=image.getchannel("A"))
        return np.array(opaque)
    return np.array(image.convert("RGB"))


def _reason(data: bytes, error: Exception) -> str:
    if not data:
        return EMPTY
    if "truncated" in str(error).lower():
        return CUT_OFF
    if isinstance(error, Image.UnidentifiedImageError):
        return NO_IMAGE
    return f"image cannot be decoded ({error})"
