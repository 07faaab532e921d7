"""The charted quantities of one face over a recording: a panel for each, with some of the faces below."""

import itertools

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from affect_jax.draw.axes import make_figure, style_axes
from affect_jax.draw.colors import GRAY, INK, NO_FACE, QUANTITIES, SERIES
from affect_jax.predict.sinks.plot_of_faces import Series
from affect_jax.predict.sinks.scale import set_scale
from affect_jax.predict.sinks.thumbnails import Thumbnail, draw_below
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import ANY_SET, charted

PANEL_INCHES = 1.35  # height of each of several panels
MARGIN_INCHES = 1.1  # for the title above, and the axis of time below
FACES_INCHES = 1.4  # for faces below


def draw_series(title: str, times: Float[np.ndarray, "row"], series: Series, faces: list[Thumbnail]) -> Figure:
    """Draws the lines of one face, or of faces that are never there at once, in a panel for each quantity.

    Args:
      title: title of the plot.
      times: times of the rows, in seconds.
      series: values to plot; the lines are interrupted where there is no face.
      faces: a few crops.
    """
    shown = charted(series)
    figure, panels = _make_panels(len(shown), bool(faces))
    for axes, each in zip(panels, shown, strict=True):
        lines = {name: series[name] for name in each.columns(ANY_SET) if name in series}
        _draw_lines(axes, times, lines, each, few_ticks=len(shown) > 1)
        style_axes(axes, title if axes is panels[0] else "")
        axes.spines["left"].set_visible(False)
        axes.tick_params(length=0, labelbottom=axes is panels[-1])
        axes.grid(visible=False, axis="x")
    _draw_time(panels[-1])
    draw_below(figure, panels[-1], faces)
    return figure


def _make_panels(count: int, faces: bool) -> tuple[Figure, list[Axes]]:
    """A figure with panels below each other; one alone is as high as the faces leave it."""
    if count == 1:
        figure = make_figure(11.0, 5.2, layout="none")
        return figure, [figure.add_axes((0.07, 0.40, 0.85, 0.52) if faces else (0.07, 0.13, 0.85, 0.77))]
    below = 0.6 + FACES_INCHES * faces
    height = MARGIN_INCHES + FACES_INCHES * faces + PANEL_INCHES * count
    figure, panels = make_figure(11.0, height, layout="none"), []
    for number in range(count):
        bottom = below + PANEL_INCHES * (count - 1 - number)
        panels.append(figure.add_axes((0.07, bottom / height, 0.85, 0.87 * PANEL_INCHES / height)))
    return figure, panels


def _draw_time(axes: Axes) -> None:
    """The axis of time below the last panel."""
    for label in [*axes.get_xticklabels(), axes.xaxis.label]:
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    axes.set_xlabel("time (s)", color=INK, fontsize=10)


def _draw_lines(
    axes: Axes, times: Float[np.ndarray, "row"], series: Series, quantity: Quantity, few_ticks: bool = False
) -> None:
    """The lines of the columns of a quantity; several have their names at their ends."""
    ends = []
    others = itertools.cycle(SERIES)
    for name in series:
        meaning = quantity.color or name
        shade = QUANTITIES[meaning].on_white if meaning in QUANTITIES else next(others)
        axes.plot(times, series[name], color=shade, linewidth=1.8, solid_joinstyle="round")
        missing = np.isnan(np.concatenate([[np.nan], series[name], [np.nan]]))
        alone = ~missing[1:-1] & missing[:-2] & missing[2:]  # a single frame between two gaps has no line
        axes.plot(times[alone], series[name][alone], ".", color=shade, markersize=4)
        known = series[name][~missing[1:-1]]
        if len(known):
            ends.append([known[-min(len(known), 5) :].mean(), name, shade])
    _shade_gaps(axes, times, np.isnan(list(series.values())).all(0))
    low, high = set_scale(axes, np.concatenate(list(series.values())), quantity.limits, few_ticks)
    if len(series) > 1:
        _name_lines(axes, ends, 0.07 * (high - low))
    if low < 0:
        axes.axhline(0, color=GRAY, linewidth=0.8)
    margin = 0.005 * (times[-1] - times[0]) or 0.5
    axes.set_xlim(times[0] - margin, times[-1] + margin)
    axes.set_ylabel(quantity.title, color=INK, fontsize=8 if few_ticks else 10)


def _name_lines(axes: Axes, ends: list[list], apart: float) -> None:
    """Writes names at the right end of the lines, moved apart if they are closer than `apart`."""
    ends.sort(key=lambda end: end[0])
    for lower, higher in itertools.pairwise(ends):
        overlap = apart - (higher[0] - lower[0])
        if overlap > 0:
            lower[0] -= overlap / 2
            higher[0] += overlap / 2
    for height, name, color in ends:
        axes.text(1.008, height, name, color=color, fontsize=11, va="center", transform=axes.get_yaxis_transform())


def _shade_gaps(axes: Axes, times: Float[np.ndarray, "row"], missing: np.ndarray) -> None:
    """Shades intervals without a face in gray."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(int), [0]])))
    for start, stop in edges.reshape(-1, 2):
        left = times[max(start - 1, 0)]
        right = times[min(stop, len(times) - 1)]
        axes.axvspan(left, right, color=NO_FACE, linewidth=0, zorder=0)
        if right - left > 0.08 * (times[-1] - times[0]):
            place = {"transform": axes.get_xaxis_transform(), "ha": "center", "va": "top"}
            axes.text((left + right) / 2, 0.96, "no face", color=GRAY, fontsize=9, **place)
