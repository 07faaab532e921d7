"""Anti-aliased polygons and lines with subpixel coordinates, on a supersampled canvas."""

import cv2
import numpy as np
from jaxtyping import Float, Num, UInt8

_BITS = 4  # of subpixel precision
SUPERSAMPLING = 2


def fixed_point(points: Float[np.ndarray, "point 2"]) -> Num[np.ndarray, "point 2"]:
    """Converts pixel coordinates to the fixed-point format of OpenCV's `shift`."""
    return (points * (1 << _BITS)).astype(np.int32)


def fill(canvas: UInt8[np.ndarray, "height width *channel"], outline: Float[np.ndarray, "point 2"], color) -> None:
    """Fills a closed outline."""
    cv2.fillPoly(canvas, [fixed_point(outline)], color, cv2.LINE_AA, _BITS)


def stroke(
    canvas: UInt8[np.ndarray, "height width *channel"],
    line: Float[np.ndarray, "point 2"],
    color,
    width_px: float,
    closed: bool = False,
) -> None:
    """Draws a line at least one pixel wide."""
    cv2.polylines(canvas, [fixed_point(line)], closed, color, max(1, round(width_px)), cv2.LINE_AA, _BITS)


def dot(canvas: UInt8[np.ndarray, "height width *channel"], center, radius_px: float, color) -> None:
    """Draws a filled circle."""
    place = tuple(int(value) for value in fixed_point(np.asarray(center)[None])[0])
    cv2.circle(canvas, place, int(max(radius_px, 0.5) * (1 << _BITS)), color, -1, cv2.LINE_AA, _BITS)


def box_around(outline: Float[np.ndarray, "point 2"], margin_px: float, side_px: int) -> tuple[slice, slice] | None:
    """Returns the rows and columns that contain an outline; None if it is off the canvas."""
    left, top, wide, high = cv2.boundingRect(outline.astype(np.float32))
    margin = int(margin_px) + 1
    columns = slice(max(left - margin, 0), min(left + wide + margin, side_px))
    rows = slice(max(top - margin, 0), min(top + high + margin, side_px))
    return None if columns.stop <= columns.start or rows.stop <= rows.start else (rows, columns)


def blend(canvas: UInt8[np.ndarray, "height width 3"], painted, mask: UInt8[np.ndarray, "height width"]) -> None:
    """Blends `painted` (an image or a color) into the canvas with opacity mask / 255, in place."""
    share = (mask * np.float32(1 / 255))[..., None]
    canvas[:] = canvas + (np.asarray(painted, np.float32) - canvas) * share


def tint(
    canvas: UInt8[np.ndarray, "height width 3"],
    outlines: list[Float[np.ndarray, "_ 2"]],
    color,
    opacities: list[float],
    soft_px: float = 0.0,
) -> None:
    """Fills outlines with one semitransparent color and soft edges; later outlines cover earlier ones."""
    box = box_around(np.concatenate(outlines), 2.5 * soft_px, len(canvas))
    if box is None:
        return
    part = canvas[box]
    mask = np.zeros(part.shape[:2], np.uint8)
    for outline, opacity in zip(outlines, opacities, strict=True):
        fill(mask, outline - (box[1].start, box[0].start), int(255 * opacity))
    if soft_px > 0.4:
        mask = cv2.GaussianBlur(mask, (0, 0), soft_px)
    blend(part, color, mask)
