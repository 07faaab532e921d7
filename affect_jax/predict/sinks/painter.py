"""Draws the face, the circumplex and the emotions into an image."""

import collections
import itertools

import cv2
import numpy as np
from jaxtyping import UInt8

from affect_jax.draw import colors, ink
from affect_jax.predict.sighting import Row
from affect_jax.quantities.registry import quantity
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

SMALLEST_SIDE_PX = 256  # given crops smaller than this are enlarged so that the text is legible
TRAIL_FRAMES = 24


class Painter:
    """Draws one recording; keeps the last points of the circumplex for its trail."""

    def __init__(self, label_set: str):
        """`label_set` of the emotions."""
        self._emotions = [column.removeprefix("p_") for column in quantity("emotion").columns(label_set)]
        self._trail: collections.deque[tuple[float, float]] = collections.deque(maxlen=TRAIL_FRAMES)
        self._places: tuple[float, float] | None = None  # left edges of the two panels, fixed while a face is followed
        self._size = (0, 0)  # of the last image; a video may change it
        self._face = 0  # number of the last face

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], row: Row) -> UInt8[np.ndarray, "new_h new_w 3"]:
        """A new image of the same size; a given crop is enlarged, with the panels next to it instead of on top."""
        if row.values is not None and row.box is None:
            return self._beside(image, row)
        canvas = np.ascontiguousarray(image).copy()
        height, width = canvas.shape[:2]
        unit = panel_unit(width, height)
        if (height, width) != self._size:
            self._size, self._places = (height, width), None
        if row.face != self._face:
            self._face, self._places = row.face, None
            self._trail.clear()
        if row.landmarks is not None:
            _draw_face(canvas, row)
        if row.values is None:
            ink.panel(canvas, 8 * unit, height - 32 * unit, 66 * unit, 24 * unit)
            ink.text(canvas, "no face", 41 * unit, height - 20 * unit, round(12 * unit), colors.SOFT, "m")
            self._trail.clear()
            return canvas
        if self._places is None:
            self._places = panel_places(width, row.box, unit)
        rows_high = 14 * len(self._emotions) + 14
        if _predicts(row, "valence_arousal"):
            self._circumplex(canvas, row, self._places[0], height - 150 * unit, unit)
        if _predicts(row, "emotion"):
            self._bars(canvas, row, self._places[1], height - (rows_high + 8) * unit, unit)
        return canvas

    def _beside(self, image: UInt8[np.ndarray, "h w 3"], row: Row) -> UInt8[np.ndarray, "new_h new_w 3"]:
        times = max(1, int(np.ceil(SMALLEST_SIDE_PX / min(image.shape[:2]))))
        size = (image.shape[1] * times, image.shape[0] * times)
        large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        unit = large.shape[0] / 296
        column = np.full((large.shape[0], round(156 * unit), 3), colors.DARK, np.uint8)
        canvas = np.concatenate([large, column], axis=1)
        if _predicts(row, "valence_arousal"):
            self._circumplex(canvas, row, large.shape[1] + 14 * unit, 4 * unit, unit)
        if _predicts(row, "emotion"):
            self._bars(canvas, row, large.shape[1] + 8 * unit, 156 * unit, unit)
        return canvas

    def _circumplex(self, canvas: np.ndarray, row: Row, left: float, top: float, unit: float) -> None:
        """Valence to the right, arousal up, recent frames as a trail, and the values below."""
        valence = float(row.values["valence_arousal"][VALENCE])
        arousal = float(row.values["valence_arousal"][AROUSAL])
        ink.panel(canvas, left, top, 128 * unit, 142 * unit)
        x, y, radius = left + 64 * unit, top + 60 * unit, 44 * unit
        thin = max(1, round(unit))
        ink.circle(canvas, (x, y), radius, colors.SOFT, thin)
        ink.line(canvas, (x - radius, y), (x + radius, y), colors.CROSS, thin)
        ink.line(canvas, (x, y - radius), (x, y + radius), colors.CROSS, thin)
        ink.text(canvas, "arousal", x, y - radius - 7 * unit, round(9 * unit), colors.SOFT, "m")
        ink.text(canvas, "valence", x + radius - 4 * unit, y + 8 * unit, round(9 * unit), colors.SOFT, "r")
        self._trail.append((x + valence * radius, y - arousal * radius))
        points = list(self._trail)
        for age, (start, stop) in enumerate(itertools.pairwise(points)):
            fade = (age + 1) / len(points)
            color = tuple(round(60 + (channel - 60) * fade) for channel in colors.PREDICTED)
            ink.line(canvas, start, stop, color, thin)
        ink.circle(canvas, points[-1], 4.5 * unit, colors.DARK)
        ink.circle(canvas, points[-1], 3.6 * unit, colors.PREDICTED)
        baseline = top + 125 * unit
        size = round(12 * unit)
        ink.text(canvas, f"V {_signed(valence)}", x - 4 * unit, baseline, size, colors.VALENCE.on_image, "r")
        ink.text(canvas, f"A {_signed(arousal)}", x + 4 * unit, baseline, size, colors.AROUSAL.on_image)

    def _bars(self, canvas: np.ndarray, row: Row, left: float, top: float, unit: float) -> None:
        """One bar per emotion; the most likely one is bright."""
        probabilities = row.values["emotion"]
        ink.panel(canvas, left, top, 140 * unit, (14 * len(self._emotions) + 14) * unit)
        best = int(probabilities.argmax())
        for index, (emotion, probability) in enumerate(zip(self._emotions, probabilities, strict=True)):
            y = top + (14 + 14 * index) * unit
            bright = index == best
            ink.text(
                canvas, emotion, left + 62 * unit, y, round(10 * unit), colors.WHITE if bright else colors.SOFT, "r"
            )
            ink.bar(canvas, left + 68 * unit, y - 4 * unit, 64 * unit, 8 * unit, colors.TRACK)
            color = colors.EMOTION.on_image if bright else colors.DIM
            if probability * 64 * unit >= 1:
                ink.bar(canvas, left + 68 * unit, y - 4 * unit, 64 * unit * float(probability), 8 * unit, color)


def _predicts(row: Row, name: str) -> bool:
    """Whether the network predicts this quantity."""
    return name in row.values and not np.isnan(row.values[name]).any()


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


def _draw_face(canvas: np.ndarray, row: Row) -> None:
    """Draws the corners of the box and the 68 landmarks, scaled to the face."""
    left, top, width, height = row.box
    scale = max(width, height) / 160
    thick = max(1, round(1.4 * scale))
    arm = 0.16 * min(width, height)
    for x, inward in ((left, 1), (left + width, -1)):
        for y, downward in ((top, 1), (top + height, -1)):
            ink.line(canvas, (x, y), (x + inward * arm, y), colors.WHITE, thick)
            ink.line(canvas, (x, y), (x, y + downward * arm), colors.WHITE, thick)
    for x, y in row.landmarks.tolist():
        ink.circle(canvas, (x, y), max(1.3 * scale, 0.8), colors.PREDICTED)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\u2212")
