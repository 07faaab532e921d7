"""The values of a face as bars on an image, and as a word beside it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from affect_jax.draw import colors, ink
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import in_order

WIDTH, STEP = 140, 14  # of a panel, and of a line in it
NAMES_END, BARS_BEGIN, BARS_END = 62, 68, 132  # from its left edge
NUMBER_WIDTH = 26  # what a number at its right edge leaves of a bar


class Line(NamedTuple):
    """A bar with its name, or the heading of those below."""

    name: str
    share: float | None = None  # of the bar; None for a heading
    number: str = ""  # beside the bar
    bright: bool = True
    color: colors.RGB = colors.WHITE


def bar_lines(values: Mapping[str, np.ndarray], label_set: str) -> list[Line]:
    """A line for each component of the quantities that begin at 0, with headings where they have captions."""
    lines: list[Line] = []
    captions = set()
    for each in _barred(values):
        if each.caption and each.caption not in captions:
            captions.add(each.caption)
            lines.append(Line(each.caption))
        lines += _lines_of(each, values[each.name], label_set)
    return lines


def _lines_of(each: Quantity, value: np.ndarray, label_set: str) -> Iterator[Line]:
    color = colors.QUANTITIES.get(each.color, colors.EMOTION).on_image
    best = int(value.argmax())
    for index, (name, number) in enumerate(zip(each.component_names(label_set), value.tolist(), strict=True)):
        share = number / each.limits[1]
        if each.exclusive:
            yield Line(name, share, "", index == best, color)
        else:
            yield Line(name, share, each.text(number), True, color)


def word_of(values: Mapping[str, np.ndarray], label_set: str) -> str:
    """The most probable of emotions that exclude each other, else the strongest with its number; "" if none."""
    barred = _barred(values)
    for each in barred:
        if each.exclusive:
            return each.component_names(label_set)[int(values[each.name].argmax())]
    if not barred:
        return ""
    strongest = max(barred, key=lambda each: values[each.name].max() / each.limits[1])
    value = values[strongest.name]
    place = int(value.argmax())
    return f"{strongest.component_names(label_set)[place]} {strongest.text(float(value[place]))}"


def panel_height(lines: list[Line]) -> int:
    """Height of the panel of some lines."""
    return STEP * len(lines) + STEP


def draw_bars(canvas: ink.Image, lines: list[Line], left: float, top: float, unit: float) -> None:
    """A panel with a bar for each line; of values that exclude each other, the greatest is bright."""
    ink.panel(canvas, left, top, WIDTH * unit, panel_height(lines) * unit)
    size = round(10 * unit)
    numbered = any(line.number for line in lines)
    length = (BARS_END - BARS_BEGIN - NUMBER_WIDTH * numbered) * unit
    for index, line in enumerate(lines):
        y = top + (STEP + STEP * index) * unit
        if line.share is None:
            ink.text(canvas, line.name, left + WIDTH / 2 * unit, y, round(9 * unit), colors.SOFT, "m")
            continue
        shade = colors.WHITE if line.bright else colors.SOFT
        ink.text(canvas, line.name, left + NAMES_END * unit, y, size, shade, "r")
        ink.bar(canvas, left + BARS_BEGIN * unit, y - 4 * unit, length, 8 * unit, colors.TRACK)
        if line.share * length >= 1:
            color = line.color if line.bright else colors.DIM
            ink.bar(canvas, left + BARS_BEGIN * unit, y - 4 * unit, length * line.share, 8 * unit, color)
        if line.number:
            ink.text(canvas, line.number, left + (BARS_END + 2) * unit, y, size, shade, "r")


def _barred(values: Mapping[str, np.ndarray]) -> list[Quantity]:
    """The predicted quantities whose values begin at 0."""
    known = [each for each in in_order(values) if each.limits is not None and each.limits[0] == 0]
    return [each for each in known if not np.isnan(values[each.name]).any()]
