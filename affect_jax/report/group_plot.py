"""Two groups side by side: time in each class and mean trajectories, with intervals and clusters of differences."""

import dataclasses
import pathlib
import textwrap
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import INK, LABEL_BAND, SERIES
from affect_jax.files.atomic import write_bytes

COLORS = (SERIES[0], SERIES[1])  # of the groups, in their order
DASHES = ("-", (0, (5, 1.5)))
ROW_INCHES, WIDE_INCHES, LEGEND_INCHES = 2.35, 10.5, 0.5
LINE_INCHES, LINE_CHARACTERS = 0.18, 172  # of the text below
LEVEL = 0.05
BAR = 0.38  # width of a bar, in classes

Band = tuple[np.ndarray, np.ndarray, np.ndarray]  # mean, and the ends of its interval


@dataclasses.dataclass(frozen=True)
class Panel:
    """What is shown of one column; pairs are in the order of the groups."""

    column: str
    edges: Float[np.ndarray, "edge"]
    classes: bool  # whole numbers rather than bins
    shares: tuple[Band, Band]  # of time
    means_p: float  # adjusted
    curves: tuple[Band, Band]
    clusters: Sequence[tuple[float, float, float]]  # first and last second, adjusted p value


def draw_groups(
    groups: Sequence[str], seconds: Float[np.ndarray, "bin"], panels: Sequence[Panel], warning: str, path: pathlib.Path
) -> None:
    """Writes the plot as PNG; arguments as in `plot_groups`."""
    write_bytes(to_png(plot_groups(groups, seconds, panels, warning)), path)


def plot_groups(
    groups: Sequence[str], seconds: Float[np.ndarray, "bin"], panels: Sequence[Panel], warning: str
) -> Figure:
    """Plots a row for each column.

    Args:
      groups: their names, with the number of people.
      seconds: the middle of each bin.
      panels: one for each column.
      warning: a text below the plot.
    """
    meaning = "Bands and thin lines: 95 % intervals over people."
    if len(panels) > 1:
        meaning += f" P values are corrected for {len(panels)} columns."
    text = f"{meaning}\n{textwrap.fill(warning, LINE_CHARACTERS)}"
    below = LINE_INCHES * (text.count("\n") + 1)
    figure = make_figure(WIDE_INCHES, ROW_INCHES * len(panels) + LEGEND_INCHES + below)
    rows = figure.subplots(len(panels), 2, squeeze=False, width_ratios=(1, 1.7))
    for (left, right), panel in zip(rows, panels, strict=True):
        _draw_shares(left, panel)
        _draw_curves(right, panel, seconds)
    rows[-1][0].set_xlabel("value" if any(not panel.classes for panel in panels) else "class", color=INK, fontsize=9)
    rows[-1][1].set_xlabel("seconds from the start", color=INK, fontsize=9)
    handles = rows[0][1].get_lines()[: len(groups)]
    marked = rows[0][1].axvspan(np.nan, np.nan, color=LABEL_BAND, linewidth=0)
    labels = [*(name.replace("$", r"\$") for name in groups), f"difference, p < {LEVEL:g}"]
    figure.legend([*handles, marked], labels, loc="outside upper right", ncols=3, frameon=False, fontsize=9)
    figure.supxlabel(text, fontsize=8, color=INK, x=0.01, ha="left", parse_math=False)
    return figure


def _draw_shares(axes: Axes, panel: Panel) -> None:
    style_axes(axes, panel.column.replace("_", " "))
    places = np.arange(len(panel.edges) - 1)
    for side, (mean, low, high), color in zip((-1, 1), panel.shares, COLORS, strict=True):
        at = places + side * BAR / 2
        axes.bar(at, 100 * mean, BAR, color=color, alpha=0.75, linewidth=0)
        axes.vlines(at, 100 * low, 100 * high, color=INK, linewidth=0.9)
    axes.grid(False, axis="x")
    middles = (panel.edges[:-1] + panel.edges[1:]) / 2
    if panel.classes:
        axes.set_xticks(places, [f"{middle:.0f}" for middle in middles])
    else:
        edges = np.arange(len(panel.edges))
        axes.set_xticks((edges - 0.5)[::2], [f"{edge:.3g}" for edge in panel.edges[::2]])
    axes.set_ylim(0)
    axes.set_ylabel("% of time", color=INK, fontsize=9)


def _draw_curves(axes: Axes, panel: Panel, seconds: Float[np.ndarray, "bin"]) -> None:
    style_axes(axes)
    axes.set_title(f"difference of means: {format_p(panel.means_p)}", loc="right", fontsize=9, color=INK)
    for (mean, low, high), color, dash in zip(panel.curves, COLORS, DASHES, strict=True):
        axes.plot(seconds, mean, color=color, linewidth=1.6, linestyle=dash, zorder=3)
        axes.fill_between(seconds, low, high, color=color, alpha=0.18, linewidth=0, zorder=2)
    for first, last, p_value in panel.clusters:
        if p_value < LEVEL:
            axes.axvspan(first, last, color=LABEL_BAND, linewidth=0, zorder=0)
            axes.annotate(
                format_p(p_value),
                ((first + last) / 2, 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, -3),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=7.5,
                color=INK,
            )
    axes.margins(x=0.01, y=0.15)
    if panel.classes:
        axes.set_ylim(0)
    axes.set_ylabel("mean", color=INK, fontsize=9)


def format_p(p_value: float) -> str:
    """A p value with two digits that matter."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
