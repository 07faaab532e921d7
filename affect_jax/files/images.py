"""Decodes images of any mode to RGB pixels."""

import io

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from affect_jax.files import heif
from affect_jax.types import UnreadableImage

EMPTY = "image is empty"
TRUNCATED = "image is truncated"
NOT_AN_IMAGE = "file is not an image"
SIXTEEN_BITS = 2**16 - 1
SMALLEST_PX = 16  # a smaller face carries no usable information

# Pillow also knows formats that start other programs (EPS), that anything looks like (TGA), and films (MPEG).
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "JPEG2000", "AVIF", "HEIF", "PPM", "DIB", "PCX", "SGI")
# Pillow imports its format plugins when the first image is opened, possibly from several threads at once; do it here.
Image.preinit()  # registers the common formats first, so they are tried first
Image.init()
READS_HEIF = heif.register()


def open_image(file: io.BufferedIOBase) -> Image.Image:
    """Opens an image without decoding it; PIL.UnidentifiedImageError if it is none."""
    return Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])


def decode(data: bytes, upright: bool = True) -> UInt8[np.ndarray, "height width 3"]:
    """Decodes an image to RGB; `upright` applies the EXIF orientation, otherwise pixels are returned as stored.

    Grayscale, palette, CMYK and 16-bit images become 8-bit RGB; transparent pixels become black. The message of
    UnreadableImage is the bare reason.
    """
    try:
        with open_image(io.BytesIO(data)) as image:
            if image.format == "HEIF":
                heif.restore_exif_turn(image, data)
            return _rgb(ImageOps.exif_transpose(image) if upright else image)
    except Exception as error:  # Pillow may raise almost anything on a corrupt file
        raise UnreadableImage(_reason(data, error)) from error


def _rgb(image: Image.Image) -> UInt8[np.ndarray, "height width 3"]:
    if image.mode == "RGB":
        return np.array(image)
    if image.mode == "L":
        return cv2.cvtColor(np.asarray(image), cv2.COLOR_GRAY2RGB)  # ten times faster than convert()
    if image.mode.startswith("I"):  # 16 bits per pixel; convert() would clip at 255 instead of scaling
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > SIXTEEN_BITS:
            raise ValueError(f"pixel values range from {values.min()} to {values.max()}, expected 8 or 16 bits")
        return cv2.cvtColor((values >> 8).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    if image.mode == "F":
        raise ValueError("pixels are floating point, expected 8 or 16 bits")
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
        return TRUNCATED
    if isinstance(error, Image.UnidentifiedImageError):
        return heif.NEEDS_EXTRA if heif.is_heif(data[:64]) and not READS_HEIF else NOT_AN_IMAGE
    return f"image cannot be decoded ({error})"
