"""Draws the face, the circumplex, the emotions and their intensities into an image."""

import collections
import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from affect_jax.draw import colors, ink
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.bars import bar_lines, draw_bars, panel_height, word_of
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

SMALLEST_SIDE_PX = 256  # given crops smaller than this are enlarged so that the text is legible
TRAIL_FRAMES = 24


class Painter:
    """Draws one recording; keeps the last points of the circumplex of each face for its trail.

    A face that has been alone so far is drawn with all its values. From the first frame with several faces on, each has
    the color of its number, and its strongest emotion stands beside it.
    """

    def __init__(self, label_set: str):
        """`label_set` of the emotions."""
        self._label_set = label_set
        self._trails: dict[int, collections.deque[tuple[float, float]]] = {}
        self._places: tuple[float, float] | None = None  # left edges of the two panels, fixed while a face is followed
        self._size = (0, 0)  # of the last image; a video may change it
        self._face: int | None = None  # number of the last single face
        self._several = False

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], rows: Sequence[Row]) -> UInt8[np.ndarray, "new_h new_w 3"]:
        """A new image of the same size; a given crop is enlarged, with the panels next to it instead of on top."""
        found = [row for row in rows if row.values is not None]
        self._forget(found)
        if found and found[0].box is None:
            return self._beside(image, found[0])
        canvas = np.ascontiguousarray(image).copy()
        height, width = canvas.shape[:2]
        unit = panel_unit(width, height)
        if (height, width) != self._size:
            self._size, self._places = (height, width), None
        self._several |= len(found) > 1
        for row in found:
            _draw_face(canvas, row, self._color(row))
        if not found:
            ink.panel(canvas, 8 * unit, height - 32 * unit, 66 * unit, 24 * unit)
            ink.text(canvas, "no face", 41 * unit, height - 20 * unit, round(12 * unit), colors.SOFT, "m")
        elif self._several:
            self._draw_several(canvas, found, unit)
        else:
            self._draw_single(canvas, found[0], unit)
        return canvas

    def _forget(self, found: Sequence[Row]) -> None:
        """Drops the trails of faces that are not there."""
        numbers = {row.face for row in found}
        self._trails = {face: trail for face, trail in self._trails.items() if face in numbers}

    def _color(self, row: Row) -> colors.RGB:
        return colors.FACES[row.face % len(colors.FACES)].on_image if self._several else colors.PREDICTED

    def _draw_single(self, canvas: np.ndarray, row: Row, unit: float) -> None:
        height, width = canvas.shape[:2]
        if row.face != self._face:
            self._face, self._places = row.face, None
        has_circumplex, lines = _has_circumplex(row), bar_lines(row.values, self._label_set)
        if self._places is None:
            two = has_circumplex and bool(lines)
            self._places = panel_places(width, row.box, unit) if two else [panel_place(width, row.box, unit)] * 2
        if has_circumplex:
            self._circumplex(canvas, [row], self._places[0], height - 150 * unit, unit)
        if lines:
            draw_bars(canvas, lines, self._places[1], height - (panel_height(lines) + 8) * unit, unit)

    def _draw_several(self, canvas: np.ndarray, found: Sequence[Row], unit: float) -> None:
        for row in found:
            words = f"face {row.face} {word_of(row.values, self._label_set)}".rstrip()
            size = round(12 * unit)
            x = min(max(row.box[0], 0), canvas.shape[1] - 100 * unit)
            y = max(row.box[1] - 10 * unit, 10 * unit)
            ink.panel(canvas, x - 3 * unit, y - 9 * unit, (6.6 * len(words) + 6) * unit, 18 * unit)
            ink.text(canvas, words, x, y, size, self._color(row))
        rated = [row for row in found if _has_circumplex(row)]
        if rated:
            self._circumplex(canvas, rated, 8 * unit, canvas.shape[0] - 150 * unit, unit)

    def _beside(self, image: UInt8[np.ndarray, "h w 3"], row: Row) -> UInt8[np.ndarray, "new_h new_w 3"]:
        times = max(1, int(np.ceil(SMALLEST_SIDE_PX / min(image.shape[:2]))))
        size = (image.shape[1] * times, image.shape[0] * times)
        large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        unit = large.shape[0] / 296
        column = np.full((large.shape[0], round(156 * unit), 3), colors.DARK, np.uint8)
        canvas = np.concatenate([large, column], axis=1)
        has_circumplex = _has_circumplex(row)
        if has_circumplex:
            self._circumplex(canvas, [row], large.shape[1] + 14 * unit, 4 * unit, unit)
        if lines := bar_lines(row.values, self._label_set):
            draw_bars(canvas, lines, large.shape[1] + 8 * unit, (156 if has_circumplex else 8) * unit, unit)
        return canvas

    def _circumplex(self, canvas: np.ndarray, rows: Sequence[Row], left: float, top: float, unit: float) -> None:
        """Valence to the right, arousal up, recent frames as trails, and, of a single face, the values below."""
        ink.panel(canvas, left, top, 128 * unit, 142 * unit)
        x, y, radius = left + 64 * unit, top + 60 * unit, 44 * unit
        thin = max(1, round(unit))
        ink.circle(canvas, (x, y), radius, colors.SOFT, thin)
        ink.line(canvas, (x - radius, y), (x + radius, y), colors.CROSS, thin)
        ink.line(canvas, (x, y - radius), (x, y + radius), colors.CROSS, thin)
        ink.text(canvas, "arousal", x, y - radius - 7 * unit, round(9 * unit), colors.SOFT, "m")
        ink.text(canvas, "valence", x + radius - 4 * unit, y + 8 * unit, round(9 * unit), colors.SOFT, "r")
        for row in rows:
            self._point(canvas, row, (x, y), radius, unit)
        if self._several:
            return
        valence, arousal = _valence_arousal(rows[0])
        baseline = top + 125 * unit
        size = round(12 * unit)
        ink.text(canvas, f"V {_signed(valence)}", x - 4 * unit, baseline, size, colors.VALENCE.on_image, "r")
        ink.text(canvas, f"A {_signed(arousal)}", x + 4 * unit, baseline, size, colors.AROUSAL.on_image)

    def _point(self, canvas: np.ndarray, row: Row, middle: tuple[float, float], radius: float, unit: float) -> None:
        """The point of a face in the circumplex, behind its trail."""
        valence, arousal = _valence_arousal(row)
        trail = self._trails.setdefault(row.face, collections.deque(maxlen=TRAIL_FRAMES))
        trail.append((valence, arousal))
        points = [(middle[0] + across * radius, middle[1] - up * radius) for across, up in trail]
        for age, (start, stop) in enumerate(itertools.pairwise(points)):
            fade = (age + 1) / len(points)
            color = tuple(round(60 + (channel - 60) * fade) for channel in self._color(row))
            ink.line(canvas, start, stop, color, max(1, round(unit)))
        ink.circle(canvas, points[-1], 4.5 * unit, colors.DARK)
        ink.circle(canvas, points[-1], 3.6 * unit, self._color(row))


def _has_circumplex(row: Row) -> bool:
    """Whether the network predicts where the face lies on the circumplex."""
    return "valence_arousal" in row.values and not np.isnan(row.values["valence_arousal"]).any()


def panel_unit(width_px: int, height_px: int) -> float:
    """Scale of the panels: 1 for a video of 640 x 360; large enough to read, unless they would not fit."""
    natural = min(width_px / 640, height_px / 360)
    return max(natural, min(0.75, width_px / 296, height_px / 180))


def panel_places(width_px: int, box: tuple[float, float, float, float], unit: float) -> tuple[float, float]:
    """Left edges of the circumplex and the emotions: both on a side that is free of the face, else one on each side."""
    both = 292 * unit
    if box[0] > both:
        return 8 * unit, 144 * unit
    if box[0] + box[2] < width_px - both:
        return width_px - 284 * unit, width_px - 148 * unit
    return 8 * unit, width_px - 148 * unit


def panel_place(width_px: int, box: tuple[float, float, float, float], unit: float) -> float:
    """Left edge of a single panel: on the side with more room."""
    return 8 * unit if box[0] > width_px - box[0] - box[2] else width_px - 148 * unit


def _draw_face(canvas: np.ndarray, row: Row, color: colors.RGB) -> None:
    """Draws the corners of the box and the 68 landmarks, scaled to the face."""
    corners = colors.WHITE if color == colors.PREDICTED else color
    left, top, width, height = row.box
    scale = max(width, height) / 160
    thick = max(1, round(1.4 * scale))
    arm = 0.16 * min(width, height)
    for x, inward in ((left, 1), (left + width, -1)):
        for y, downward in ((top, 1), (top + height, -1)):
            ink.line(canvas, (x, y), (x + inward * arm, y), corners, thick)
            ink.line(canvas, (x, y), (x, y + downward * arm), corners, thick)
    for x, y in row.landmarks.tolist():
        ink.circle(canvas, (x, y), max(1.3 * scale, 0.8), color)


def _valence_arousal(row: Row) -> tuple[float, float]:
    values = row.values["valence_arousal"]
    return float(values[VALENCE]), float(values[AROUSAL])


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\u2212")
