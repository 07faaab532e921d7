"""Plots of calibration to a person: scores by method, scores against iterations, and errors before and after."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import FAINT, GRAY, INK, SERIES
from affect_jax.files.atomic import write_bytes
from affect_jax.report.calibration import BASE, ERRORS, TITLES, Row, error_shares

MAIN = "within_2"  # against the iterations, as in the paper
LEARNED = "adaptive_learning"  # whose errors are shown beside those of the network as it is
MARKERS = "osD^vPX"
WIDTH = 0.4  # of a bar
Line = Mapping[str, object]


def draw_calibration(lines: Sequence[Line], along: Sequence[Line], rows: Sequence[Row], path: pathlib.Path) -> None:
    """Draws scores of all methods, the score along iterations, and shares of errors.

    Args:
        lines: of methods with a neutral face only, as `report.calibration.summarize` gives.
        along: of numbers of iterations, by learning rate and layers.
        rows: by person, with a neutral face only.
        path: of the image.
    """
    figure = make_figure(13.5, 9.0)
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    _draw_methods(upper, lines)
    iterations, errors = lower.subplots(1, 2)
    _draw_iterations(iterations, lines, along)
    _draw_errors(errors, rows)
    write_bytes(to_png(figure), path)


def _draw_methods(figure: FigureBase, lines: Sequence[Line]) -> None:
    """A column for each score; bars are 95 % intervals over people."""
    columns = figure.subplots(1, len(TITLES), sharey=True)
    names = [str(line["method"]).replace("_", " ") for line in lines]
    for axes, (score, title) in zip(columns, TITLES.items(), strict=True):
        style_axes(axes, title)
        for place, line in enumerate(lines):
            if score not in line:
                continue
            color = INK if line["method"] == BASE else SERIES[0] if line["method"] == LEARNED else GRAY
            axes.plot(float(line[score]), place, "o", color=color, markersize=5)
            axes.hlines(place, line[f"{score}/low"], line[f"{score}/high"], color=color, linewidth=1.4)
            if line["method"] == BASE:
                axes.axvline(float(line[score]), color=INK, linewidth=1.0, linestyle=(0, (2, 2)))
    columns[0].set_yticks(range(len(names)), names)
    columns[0].invert_yaxis()


def _draw_iterations(axes: Axes, lines: Sequence[Line], along: Sequence[Line]) -> None:
    style_axes(axes, f"{TITLES[MAIN]}, by iterations of adaptive learning")
    base = [line[MAIN] for line in lines if line["method"] == BASE and MAIN in line]
    if base:
        axes.axhline(float(np.mean(base)), color=INK, linewidth=1.2, linestyle=(0, (2, 2)), label="no adaptation")
    curves: dict[tuple[str, str, str], list[Line]] = {}
    for line in along:
        if MAIN in line:
            key = (str(line["method"]), str(line["layers"]), str(line["learning_rate"]))
            curves.setdefault(key, []).append(line)
    layers = list(dict.fromkeys((method, layer) for method, layer, _ in curves))
    rates = sorted({rate for *_, rate in curves}, key=float)
    for (method, layer, rate), own in curves.items():
        number = layers.index((method, layer))
        at = sorted(own, key=lambda line: int(str(line["iterations"])))
        values = [float(str(line[MAIN])) for line in at]
        whose = "whole network" if method != LEARNED else "head"
        style = {"color": SERIES[rates.index(rate) % len(SERIES)], "marker": MARKERS[number % len(MARKERS)]}
        dashes = "-" if number == 0 else (0, (4, 1 + number))
        label = f"{whose} {layer}, rate {rate}"
        axes.plot([int(str(line["iterations"])) for line in at], values, label=label, linestyle=dashes, **style)
    axes.set_xscale("log")
    axes.set_xlabel("iterations", color=INK)
    axes.set_ylabel(TITLES[MAIN], color=INK)
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.15)}
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, ncols=3, **below)


def _draw_errors(axes: Axes, rows: Sequence[Row]) -> None:
    style_axes(axes, "errors: predicted class less that of the label")
    shown = {BASE: ("before", GRAY, -WIDTH / 2), LEARNED: ("after adaptive learning", SERIES[0], WIDTH / 2)}
    for method, (label, color, offset) in shown.items():
        if own := [row for row in rows if row["method"] == method]:
            axes.bar(np.array(ERRORS) + offset, error_shares(own), WIDTH, color=color, label=label)
    axes.axvspan(-2.5, 2.5, color=FAINT, alpha=0.6, zorder=0)
    axes.set_xticks(range(ERRORS[0], ERRORS[-1] + 1, 2))
    axes.set_xlabel("labels apart", color=INK)
    axes.set_ylabel("share of the frames", color=INK)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK)
