"""A plot of several faces that are in a recording at once: a panel for each column, a color for each face."""

import pathlib

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import FACES, GRAY, INK
from affect_jax.files.atomic import write_bytes
from affect_jax.predict.sinks.scale import set_scale
from affect_jax.quantities.registry import ANY_SET, charted

HEIGHT_INCHES, LOW_INCHES = 2.3, 1.5  # of a panel; the latter if there are more than three
Series = dict[str, Float[np.ndarray, "row"]]  # by column of the table; NaN if there is no face


def plot_faces(path: pathlib.Path, title: str, times: Float[np.ndarray, "row"], series: dict[int, Series]) -> None:
    """Writes the plot of `draw_faces` as a PNG."""
    write_bytes(to_png(draw_faces(title, times, series)), path)


def draw_faces(
    title: str, times: Float[np.ndarray, "row"], series: dict[int, Series], most: int = len(FACES)
) -> Figure:
    """Draws a panel for each column.

    Args:
      title: title of the plot.
      times: times of the frames, in seconds.
      series: values of each face.
      most: number of faces that are drawn: those in most frames.
    """
    names = list(next(iter(series.values())))
    seen = {face: int((~np.isnan(next(iter(columns.values())))).sum()) for face, columns in series.items()}
    drawn = sorted(sorted(seen, key=lambda face: (-seen[face], face))[:most])
    few = len(names) > 3
    figure = make_figure(11.0, 1.2 + (LOW_INCHES if few else HEIGHT_INCHES) * len(names))
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, names, strict=True):
        for face in drawn:
            _draw(axes, times, series[face][name], face)
        style_axes(axes)
        (quantity,) = charted([name])
        if quantity.limits[0] < 0:
            axes.axhline(0, color=GRAY, linewidth=0.8)
        set_scale(axes, np.concatenate([series[face][name] for face in drawn]), quantity.limits, few_ticks=few)
        alone = len(quantity.columns(ANY_SET)) == 1
        axes.set_ylabel(quantity.title if alone else name, color=INK, fontsize=9 if few else 10)
    rest = f"; {len(seen) - len(drawn)} more faces in fewer frames are not drawn" if len(seen) > len(drawn) else ""
    style_axes(panels[0], title + rest)
    panels[-1].set_xlabel("time (s)", color=INK, fontsize=10)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", frameon=False, fontsize=10)
    return figure


def _draw(axes: Axes, times: Float[np.ndarray, "row"], values: Float[np.ndarray, "row"], face: int) -> None:
    color = FACES[face % len(FACES)].on_white
    axes.plot(times, values, color=color, linewidth=1.6, solid_joinstyle="round", label=f"face {face}")
    missing = np.isnan(np.concatenate([[np.nan], values, [np.nan]]))
    alone = ~missing[1:-1] & missing[:-2] & missing[2:]  # a single frame between two gaps has no line
    axes.plot(times[alone], values[alone], ".", color=color, markersize=4)
