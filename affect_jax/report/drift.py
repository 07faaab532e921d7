"""Daily expressiveness of a person beside their baseline, with the usual range and the alarms."""

import datetime
import pathlib
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, INK, LABEL_BAND, SERIES
from affect_jax.files.atomic import write_bytes

LATER, UNUSUAL = SERIES[0], SERIES[1]
MOST_NAMES, MOST_DATES = 12, 6  # below the axis: rotated names, and dates side by side

Row = Mapping[str, Any]  # a row of drift.csv, with numbers


def draw_drift(
    person: str, baseline: Sequence[tuple[str, float]], rows: Sequence[Row], warning: str, path: pathlib.Path
) -> None:
    """Writes the plot as PNG; arguments as in `plot_drift`."""
    write_bytes(to_png(plot_drift(person, baseline, rows, warning)), path)


def plot_drift(person: str, baseline: Sequence[tuple[str, float]], rows: Sequence[Row], warning: str) -> Figure:
    """Plots daily expressiveness over time.

    Args:
      person: their name.
      baseline: name and expressiveness of each of its days.
      rows: later days.
      warning: a text below the plot.
    """
    figure = make_figure(8.0, 4.6)
    axes = figure.add_subplot()
    style_axes(axes, f"{person}: expressiveness by day")
    known = [row for row in rows if not np.isnan(row["ratio"])]
    place = _places([name for name, _ in baseline] + [row["day"] for row in known], axes)
    values = [value for _, value in baseline]
    typical = float(np.exp(np.mean(np.log(values))))
    axes.axhline(typical, color=GRAY, linewidth=1, label="typical day", zorder=1)
    if known:
        _draw_usual_range(axes, place, known)
    axes.scatter([place[name] for name, _ in baseline], values, s=26, color=GRAY, label="baseline", zorder=3)
    _draw_days(axes, place, known)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(ScalarFormatter() if _is_narrow(axes) else NullFormatter())
    axes.tick_params(axis="y", which="minor", labelsize=8, colors=GRAY, labelcolor=INK)
    axes.set_ylabel("expressiveness (log scale)", color=INK, fontsize=9)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8.5)
    figure.supxlabel(textwrap.fill(warning, 125), fontsize=7.5, color=INK, x=0.01, ha="left")
    return figure


def _is_narrow(axes: Axes) -> bool:
    """Whether the axis spans so little that ticks at powers of ten alone would leave it without numbers."""
    low, high = axes.get_ylim()
    return bool(high / low < 8)


def _places(names: Sequence[str], axes: Axes) -> dict[str, Any]:
    """Where each day stands: at its date if all have one, else in order."""
    try:
        dates = {name: datetime.date.fromisoformat(name) for name in names}
    except ValueError:
        places = {name: number for number, name in enumerate(dict.fromkeys(names))}
        shown = list(places)[:: -(-len(places) // MOST_NAMES)]
        axes.set_xticks([places[name] for name in shown], shown, rotation=30, ha="right", parse_math=False)
        return places
    axes.xaxis.set_major_locator(AutoDateLocator(maxticks=MOST_DATES))
    axes.xaxis.set_major_formatter(DateFormatter("%Y-%m-%d"))
    return dates


def _draw_usual_range(axes: Axes, place: Mapping[str, Any], rows: Sequence[Row]) -> None:
    at = [place[row["day"]] for row in rows]
    low, high = ([row[end] for row in rows] for end in ("low", "high"))
    if len(rows) == 1:  # a band needs two days
        axes.vlines(at, low, high, color=LABEL_BAND, linewidth=12, label="usual range", zorder=0)
        return
    axes.fill_between(at, low, high, color=LABEL_BAND, linewidth=0, label="usual range of a day", zorder=0)


def _draw_days(axes: Axes, place: Mapping[str, Any], rows: Sequence[Row]) -> None:
    at = [place[row["day"]] for row in rows]
    values = [row["expressiveness"] for row in rows]
    axes.plot(at, values, color=LATER, linewidth=1, zorder=2)
    axes.scatter(at, values, s=26, color=LATER, label="later days", zorder=3)
    for name, label, size, style in (
        ("alarm_day", "unusual day", 110, "-"),
        ("alarm_lasting", "lasting change", 220, ":"),
    ):
        alarms = [row for row in rows if row[name]]
        if alarms:
            axes.scatter(
                [place[row["day"]] for row in alarms],
                [row["expressiveness"] for row in alarms],
                s=size,
                facecolors="none",
                edgecolors=UNUSUAL,
                linewidths=1.8,
                linestyles=style,
                label=label,
                zorder=4,
            )
