"""How often each level of an intensity ends a training window, with and without the windows that are added."""

import math
import pathlib
from collections.abc import Mapping

import numpy as np
from jaxtyping import Int
from matplotlib.figure import Figure

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, INK, LABEL_BAND, SERIES
from affect_jax.files.atomic import write_bytes
from affect_jax.quantities.registry import quantity

COLUMNS = 3
Counts = Mapping[str, Int[np.ndarray, "2 level"]]  # by quantity: of regular and of added windows


def draw_levels(counts: Counts, path: pathlib.Path) -> None:
    """Writes the plot as PNG."""
    write_bytes(to_png(plot_levels(counts)), path)


def plot_levels(counts: Counts) -> Figure:
    """Plots a histogram for each quantity; a gray band marks the levels between neutral and full."""
    columns = min(len(counts), COLUMNS)
    rows = math.ceil(len(counts) / columns)
    figure = make_figure(max(3.6 * columns, 5.0), 2.8 * rows)
    for number, (name, (regular, added)) in enumerate(counts.items(), start=1):
        axes = figure.add_subplot(rows, columns, number)
        style_axes(axes, f"{name.replace('_', ' ')}: {_shares(name, regular, added)}")
        between = quantity(name).between
        axes.axvspan(between[0] - 0.5, between[-1] + 0.5, color=LABEL_BAND, alpha=0.5, linewidth=0, zorder=0)
        levels = np.arange(len(regular))
        axes.bar(levels, regular, color=GRAY, label="regular windows", zorder=2)
        axes.bar(levels, added, bottom=regular, color=SERIES[0], label="added in transitions", zorder=2)
        axes.set_xticks(levels)
        axes.grid(axis="x", visible=False)
        axes.set_xlabel("intensity of the newest frame", color=INK, fontsize=9)
        if number % columns == 1 or columns == 1:
            axes.set_ylabel("training windows", color=INK, fontsize=9)
        if number == 1:
            axes.legend(frameon=False, fontsize=8)
    return figure


def share_between(name: str, counts: Int[np.ndarray, "level"]) -> float:
    """Share of the levels between neutral and full; NaN without windows."""
    return float(counts[list(quantity(name).between)].sum() / counts.sum()) if counts.sum() else math.nan


def _shares(name: str, regular: Int[np.ndarray, "level"], added: Int[np.ndarray, "level"]) -> str:
    """How many lie in between, in words."""
    before, after = share_between(name, regular), share_between(name, regular + added)
    text = f"{before:.0%} between"
    return f"{text}, {after:.0%} with added ones" if added.any() else text
