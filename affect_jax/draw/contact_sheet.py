"""A contact sheet: many small images on one page, in sections, to look over what a program found."""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.draw import colors, ink

TILE_PX = 160
CAPTION_PX = 20
GAP_PX = 8
HEADING_PX = 40
COLUMNS = 10
MOST_CHARACTERS = 22  # of a caption

Image = UInt8[np.ndarray, "height width 3"]


@dataclasses.dataclass(frozen=True)
class Tile:
    """An image of at most `TILE_PX` a side, with points and a square (left, top, side) in its pixels."""

    image: Image
    caption: str
    points: Float[np.ndarray, "point 2"] | None = None
    square: tuple[float, float, float] | None = None


@dataclasses.dataclass(frozen=True)
class Section:
    """A heading and the tiles below it."""

    heading: str
    tiles: Sequence[Tile]


def make_tile(
    image: Image,
    caption: str,
    points: Float[np.ndarray, "point 2"] | None = None,
    square: tuple[float, float, float] | None = None,
) -> Tile:
    """Shrinks or enlarges an image to a tile; points and square are in its own pixels."""
    height, width = image.shape[:2]
    scale = TILE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return Tile(
        small,
        caption,
        None if points is None else (points + 0.5) * scale - 0.5,
        None if square is None else tuple(value * scale for value in square),
    )


def draw_sheet(sections: Sequence[Section]) -> Image:
    """Draws the sections below each other; those without tiles are only a heading."""
    cell_high = TILE_PX + CAPTION_PX + GAP_PX
    rows = [-(-len(section.tiles) // COLUMNS) for section in sections]
    height = sum(HEADING_PX + count * cell_high for count in rows) + GAP_PX
    page = np.full((height, COLUMNS * (TILE_PX + GAP_PX) + GAP_PX, 3), colors.DARK, np.uint8)
    top = 0
    for section, count in zip(sections, rows, strict=True):
        ink.text(page, section.heading, float(GAP_PX), top + HEADING_PX / 2, 16, colors.WHITE)
        top += HEADING_PX
        for index, tile in enumerate(section.tiles):
            left = GAP_PX + index % COLUMNS * (TILE_PX + GAP_PX)
            _draw_tile(page, tile, left, top + index // COLUMNS * cell_high)
        top += count * cell_high
    return page


def _draw_tile(page: Image, tile: Tile, left: int, top: int) -> None:
    canvas = np.full((TILE_PX, TILE_PX, 3), colors.TRACK, np.uint8)
    height, width = tile.image.shape[:2]
    x, y = (TILE_PX - width) // 2, (TILE_PX - height) // 2
    canvas[y : y + height, x : x + width] = tile.image
    if tile.square is not None:
        low = (tile.square[0] + x, tile.square[1] + y)
        high = (low[0] + tile.square[2], low[1] + tile.square[2])
        corners = [low, (high[0], low[1]), high, (low[0], high[1])]
        for start, stop in zip(corners, corners[1:] + corners[:1], strict=True):
            ink.line(canvas, start, stop, colors.WHITE)
    if tile.points is not None:
        for point_x, point_y in tile.points.tolist():
            ink.circle(canvas, (point_x + x, point_y + y), 1.0, colors.PREDICTED)
    page[top : top + TILE_PX, left : left + TILE_PX] = canvas
    caption = tile.caption
    if len(caption) > MOST_CHARACTERS:
        caption = "\u2026" + caption[1 - MOST_CHARACTERS :]
    ink.text(page, caption, float(left), top + TILE_PX + CAPTION_PX / 2, 11, colors.SOFT)
