"""Quantities on an ordinal scale: which level is predicted where which is labeled."""

import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int
from matplotlib.axes import Axes

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, INK, QUANTITIES, make_colormap
from affect_jax.files.atomic import write_bytes
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import in_order
from affect_jax.report.evaluated import CaptionedPlot, Evaluated
from affect_jax.tables.rows import Rows

Counts = dict[str, Int[np.ndarray, "level level"]]  # of each label and prediction, by quantity
CLOSE = 2  # levels apart, as far as the lines beside the diagonal


def section(runs: Sequence[Evaluated], folder: pathlib.Path) -> list[CaptionedPlot]:
    """Levels of the first and the last run, as far as they predict and the data have labels of them."""
    shown = runs if len(runs) < 2 else (runs[0], runs[-1])
    counted = [(run.name, count_levels(run.rows)) for run in shown]
    counted = [(name, found) for name, found in counted if found]
    if not counted:
        return []
    path = folder / "levels.png"
    draw_levels(counted, path)
    names = " and ".join(name for name, _ in counted)
    return [(path, f"Labels against predictions of {names}; shares of each label, with lines {CLOSE} levels apart")]


def count_levels(rows: Rows) -> Counts:
    """How often each level is predicted (column) for each labeled one (row), by quantity."""
    found = {}
    for each in in_order(rows.values):
        known = rows.labeled(each.name)
        if not each.levels or not known.any():
            continue
        counts = np.zeros((each.levels, each.levels), int)
        label, predicted = rows.labels[each.name].value[known], rows.values[each.name][known]
        np.add.at(counts, (each.level(label), each.level(predicted)), 1)
        found[each.name] = counts
    return found


def draw_levels(counted: Sequence[tuple[str, Counts]], path: pathlib.Path) -> None:
    """Plots a row of panels for each run, by its name, with a panel for each quantity."""
    quantities = in_order({name for _, found in counted for name in found})
    figure = make_figure(0.6 + 2.6 * len(quantities), 3.0 * len(counted))
    panels = figure.subplots(len(counted), len(quantities), squeeze=False)
    for row, (run, found) in zip(panels, counted, strict=True):
        for axes, each in zip(row, quantities, strict=True):
            if each.name in found:
                _draw(axes, found[each.name], each)
            else:
                axes.set_axis_off()
        row[0].set_ylabel(f"{run}\nlabel", color=INK, fontsize=9)
    write_bytes(to_png(figure), path)


def _draw(axes: Axes, counts: Int[np.ndarray, "level level"], each: Quantity) -> None:
    labeled = counts.sum(1, keepdims=True)
    shares = np.where(counts > 0, counts / np.maximum(labeled, 1), np.nan)  # white where nothing is
    axes.imshow(shares, vmin=0, vmax=1, origin="lower", cmap=make_colormap(QUANTITIES[each.color].on_white))
    top = each.levels - 1
    for apart, width in ((0, 1.0), (CLOSE, 0.6), (-CLOSE, 0.6)):
        axes.plot([0, top], [apart, top + apart], color=GRAY, linewidth=width)
    apart = np.abs(np.subtract.outer(np.arange(each.levels), np.arange(each.levels)))
    within = counts[apart <= CLOSE].sum() / counts.sum()
    style_axes(axes)
    axes.set_title(f"{each.title}: {within:.0%} within {CLOSE}", loc="left", fontsize=9, color=INK)
    axes.grid(visible=False)
    axes.set(xlim=(-0.5, top + 0.5), ylim=(-0.5, top + 0.5), xticks=[0, top // 2, top], yticks=[0, top // 2, top])
    axes.set_xlabel("prediction", color=INK, fontsize=9)
