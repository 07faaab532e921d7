"""Scores of ways of adapting to a person against the share of the person's frames that is learned from."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, INK, SERIES
from affect_jax.files.atomic import write_bytes
from affect_jax.report.adaptation import BASE, MAIN, PROTOCOLS, SIMPLE, TITLES

MARKERS = "osD^vPX"
SIMPLE_DASHES = ((0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1, 2)))
SPREAD = 0.5  # of the marks of all methods at one share, in distances between two shares
SHOWN = (("random", "0"), ("block", "0"), ("block", "1"))  # one column each
NEUTRAL_ONLY = ("none", "1", 0.0)  # where a protocol with a neutral face begins
ROOM = 1.25  # of the largest gain, above and below the network as it is; what lies farther below is left out
Line = Mapping[str, object]


def draw_adaptation(lines: Sequence[Line], path: pathlib.Path) -> None:
    """Draws a grid: a row for each score, a column for each protocol; `lines` as `report.adaptation.summarize` gives.

    The network as it is stands as a horizontal line. Bars are 95 % intervals over people, of the first row only: in the
    others they would hide each other. The axes leave out what falls below that line by more than others rise above it.
    """
    figure = make_figure(13.5, 13.5)
    columns = [setting for setting in SHOWN if any(_setting(line) == setting for line in lines)]
    methods = [method for method in dict.fromkeys(str(line["method"]) for line in lines) if method != BASE]
    shares = sorted({float(str(line["share"])) for line in lines})
    grid = figure.subplots(len(TITLES), len(columns), sharex=True, sharey="row", squeeze=False)
    for row, (score, title) in zip(grid, TITLES.items(), strict=True):
        for axes, setting in zip(row, columns, strict=True):
            own = [line for line in lines if _is_shown(line, setting)]
            style_axes(axes, PROTOCOLS[setting] if score == MAIN else "")
            _draw_panel(axes, own, methods, shares, score)
        row[0].set_ylabel(title, color=INK)
        _limit(row[0], [line for line in lines if _setting(line) in columns], score)
    for axes in grid[-1]:
        axes.set_xticks(range(len(shares)), [f"{share:.0%}" for share in shares])
        axes.set_xlabel("frames of the person", color=INK)
    _draw_legend(figure, grid[0, 0], len(methods))
    write_bytes(to_png(figure), path)


def _is_shown(line: Line, setting: tuple[str, str]) -> bool:
    at_zero = setting[1] == "1" and (*_setting(line), line["share"]) == NEUTRAL_ONLY
    return at_zero or _setting(line) == setting


def _limit(axes: Axes, lines: Sequence[Line], score: str) -> None:
    base = float(np.mean([line[score] for line in lines if line["method"] == BASE] or [np.nan]))
    values = np.array([line[score] for line in lines], np.float64)
    gain = ROOM * (base - values.min() if score.startswith("rmse") else values.max() - base)
    if gain > 0:  # also False for NaN, without a network as it is
        axes.set_ylim(base - gain, base + gain)


def _setting(line: Line) -> tuple[str, str]:
    return str(line["protocol"]), str(line["neutral"])


def _draw_panel(axes: Axes, lines: Sequence[Line], methods: Sequence[str], shares: Sequence[float], score: str) -> None:
    base = [line[score] for line in lines if line["method"] == BASE]
    if base:
        axes.axhline(float(np.mean(base)), color=INK, linewidth=1.2, linestyle=(0, (2, 2)), label="no adaptation")
    for number, method in enumerate(methods):
        own = sorted((line for line in lines if line["method"] == method), key=lambda line: line["share"])
        offset = SPREAD * ((number + 0.5) / len(methods) - 0.5)
        at = np.array([shares.index(line["share"]) for line in own]) + offset
        values = np.array([line[score] for line in own], np.float64)
        axes.plot(at, values, label=method.replace("_", " "), **_style(method, methods))
        if score == MAIN:
            ends = [np.array([line[f"{score}/{end}"] for line in own], np.float64) for end in ("low", "high")]
            color = _style(method, methods)["color"]
            axes.vlines(at, *ends, color=color, linewidth=1.0, alpha=0.45, zorder=1)


def _style(method: str, methods: Sequence[str]) -> dict[str, object]:
    """Gray dashes for the simple methods; a color and a marker for each of the others."""
    shared = {"linewidth": 1.4, "markersize": 4.5}
    if method in SIMPLE:
        dashes = SIMPLE_DASHES[SIMPLE.index(method)]
        return {"color": GRAY, "marker": MARKERS[SIMPLE.index(method)], "linestyle": dashes, **shared}
    number = [name for name in methods if name not in SIMPLE].index(method)
    turn = number // len(SERIES)
    return {
        "color": SERIES[number % len(SERIES)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": "-" if turn == 0 else (0, (4, 1.5)),
        **shared,
    }


def _draw_legend(figure: Figure, axes: Axes, methods: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=min(methods + 1, 7),
        frameon=False,
        labelcolor=INK,
        fontsize=9,
    )
