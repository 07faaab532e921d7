"""Anti-aliased text and shapes on an RGB image."""

import functools
import pathlib

import cv2
import matplotlib
import numpy as np
from jaxtyping import UInt8
from PIL import ImageFont

from affect_jax.draw.colors import DARK, RGB, WHITE

SHIFT = 4  # sub-pixel bits of OpenCV's drawing functions

Image = UInt8[np.ndarray, "height width 3"]


def text(image: Image, words: str, x: float, y: float, size_px: int, color: RGB = WHITE, anchor: str = "l") -> None:
    """Draws text centered vertically at y; `anchor` (l, m or r) is the part of the text at x."""
    mask, width = _glyphs(words, size_px)
    left = round(x - {"l": 0, "m": width / 2, "r": width}[anchor])
    _blend(image, mask, left, round(y - mask.shape[0] / 2), color)


def panel(image: Image, left: float, top: float, width: float, height: float, opacity: float = 0.6) -> None:
    """Darkens a rectangle with rounded corners."""
    mask = np.zeros((max(1, round(height)), max(1, round(width))), np.uint8)
    radius = round(min(width, height) * 0.07)
    low_x = low_y = radius
    high_x = mask.shape[1] - 1 - radius
    high_y = mask.shape[0] - 1 - radius
    cv2.rectangle(mask, (0, low_y), (mask.shape[1] - 1, high_y), 255, -1)
    cv2.rectangle(mask, (low_x, 0), (high_x, mask.shape[0] - 1), 255, -1)
    for corner in ((low_x, low_y), (high_x, low_y), (low_x, high_y), (high_x, high_y)):
        cv2.circle(mask, corner, radius, 255, -1, cv2.LINE_AA)
    _blend(image, (mask * opacity).astype(np.uint8), round(left), round(top), DARK)


def line(image: Image, start: tuple[float, float], stop: tuple[float, float], color: RGB, width_px: int = 1) -> None:
    cv2.line(image, _fixed(start), _fixed(stop), color, max(1, width_px), cv2.LINE_AA, SHIFT)


def circle(image: Image, center: tuple[float, float], radius: float, color: RGB, width_px: int = -1) -> None:
    """Draws a circle, filled if the width is negative."""
    cv2.circle(image, _fixed(center), round(radius * 2**SHIFT), color, width_px, cv2.LINE_AA, SHIFT)


def bar(image: Image, left: float, top: float, width: float, height: float, color: RGB) -> None:
    corner = (left + max(width - 1, 0), top + height - 1)
    cv2.rectangle(image, _fixed((left, top)), _fixed(corner), color, -1, cv2.LINE_AA, SHIFT)


def _fixed(point: tuple[float, float]) -> tuple[int, int]:
    limit = 1 << 14  # far outside any image; larger values overflow in OpenCV
    return tuple(round(float(np.clip(value, -limit, limit)) * 2**SHIFT) for value in point)


@functools.lru_cache(maxsize=4096)
def _glyphs(words: str, size_px: int) -> tuple[np.ndarray, int]:
    """Coverage of each pixel, in a box as high as the font, and the width."""
    font = _font(max(1, size_px))  # 0 in images too small for text
    ascent, descent = font.getmetrics()
    width = max(1, int(np.ceil(font.getlength(words))))
    canvas = np.zeros((ascent + descent, width), np.uint8)
    mask, (offset_x, offset_y) = font.getmask2(words, mode="L")
    if mask.size[0] and mask.size[1]:
        glyphs = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
        left, top = max(0, offset_x), max(0, offset_y)
        place = canvas[top : top + glyphs.shape[0], left : left + glyphs.shape[1]]
        place[:] = glyphs[: place.shape[0], : place.shape[1]]
    return canvas, width


@functools.lru_cache(maxsize=32)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    folder = pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf"  # the font comes with matplotlib
    return ImageFont.truetype(str(folder / "DejaVuSans.ttf"), size_px)


def _blend(image: Image, mask: UInt8[np.ndarray, "rows columns"], left: int, top: int, color: RGB) -> None:
    """Blends a color into the image by a coverage mask, clipped at the borders."""
    low_x, low_y = max(left, 0), max(top, 0)
    high_x, high_y = min(left + mask.shape[1], image.shape[1]), min(top + mask.shape[0], image.shape[0])
    if low_x >= high_x or low_y >= high_y:
        return
    cover = mask[low_y - top : high_y - top, low_x - left : high_x - left, None].astype(np.float32) / 255
    region = image[low_y:high_y, low_x:high_x]
    region[:] = np.rint(region * (1 - cover) + np.float32(color) * cover).astype(np.uint8)
