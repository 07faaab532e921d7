"""Decodes images of any mode to RGB pixels."""

import io

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from affect_jax.types import UnreadableImage

EMPTY = "image is empty"
TRUNCATED = "image is truncated"
NOT_AN_IMAGE = "file is not an image"
SIXTEEN_BITS = 2**16 - 1
SMALLEST_PX = 16  # a smaller face carries no usable information

# Pillow also knows formats that start other programs (EPS), that anything looks like (TGA), and films (MPEG).
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "JPEG2000", "AVIF", "HEIF", "PPM", "DIB", "PCX", "SGI")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2")  # of still images; sequences are videos
NEEDS_HEIF = 'HEIC is not read: pip install "affect_jax[heif]", or save it as JPEG'


def _register_heif() -> bool:
    """Teaches Pillow HEIC if the extra `heif` is installed; its tiles are joined and turned as the file declares."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


# Pillow imports its format plugins when the first image is opened, possibly from several threads at once; do it here.
Image.preinit()  # registers the common formats first, so they are tried first
Image.init()
READS_HEIF = _register_heif()


def is_heif(head: bytes) -> bool:
    """Whether a file that begins like this is a HEIC or HEIF image, not AVIF, which Pillow reads itself."""
    return head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS and b"avif" not in head[8:64]


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
        return NEEDS_HEIF if is_heif(data[:64]) and not READS_HEIF else NOT_AN_IMAGE
    return f"image cannot be decoded ({error})"
