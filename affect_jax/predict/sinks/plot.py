"""A plot of the continuously rated quantities over a recording, with some of the faces below."""

import array
import itertools
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, INK, NO_FACE, QUANTITIES, SERIES
from affect_jax.files.atomic import write_bytes
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.thumbnails import FACES, Thumbnail, Thumbnails
from affect_jax.predict.sources import Frame
from affect_jax.quantities.registry import in_order

WIDTH_INCHES, HEIGHT_INCHES = 11.0, 5.2

Series = dict[str, Float[np.ndarray, "row"]]  # by column of the table; NaN if there is no face


class Plot:
    """A PNG of the continuously rated quantities over a recording, drawn at its end if the network predicts any.

    Only the time and these values are kept for each frame.
    """

    needs_images = False

    def __init__(self, path: pathlib.Path, title: str, quantities: Sequence[str], label_set: str):
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._path = path
        self._title = title
        self._thumbnails = Thumbnails()
        self._traced = [each for each in in_order(quantities) if each.traced]
        self._times = array.array("d")
        self._columns: dict[str, array.array] = {}
        for each in self._traced:
            for name in each.columns(label_set):
                self._columns[name] = array.array("d")
        self._faces = 0
        self._face = 0  # number of the last one

    def __enter__(self) -> "Plot":
        return self

    def write(self, frame: Frame, row: Row) -> None:
        """Adds one row."""
        del frame
        if row.values is None:
            self._append(row.time_seconds, [np.nan] * len(self._columns))
            return
        if row.face != self._face:  # the lines do not run from one person to another
            self._append(row.time_seconds, [np.nan] * len(self._columns))
            self._face = row.face
        values = [value for each in self._traced for value in row.values[each.name].ravel().tolist()]
        self._append(row.time_seconds, values)
        self._faces += 1
        self._thumbnails.offer(row.time_seconds, row.crop)

    def _append(self, time_seconds: float, values: Sequence[float]) -> None:
        self._times.append(time_seconds)
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is not None or not self._columns:
            return
        series = {name: np.array(column) for name, column in self._columns.items()}
        if self._faces and all(np.isnan(column).all() for column in series.values()):
            return  # the network does not predict any of them
        plot_series(self._path, self._title, np.array(self._times), series, self._thumbnails.select())
        self.files.append(self._path)


def plot_series(
    path: pathlib.Path, title: str, times: Float[np.ndarray, "row"], series: Series, faces: list[Thumbnail]
) -> None:
    """Writes a PNG.

    Args:
      path: path of the PNG.
      title: title of the plot.
      times: times of the rows, in seconds.
      series: values to plot; the lines are interrupted where there is no face.
      faces: a few crops.
    """
    figure = make_figure(WIDTH_INCHES, HEIGHT_INCHES, layout="none")
    draw_series(figure, title, times, series, faces)
    write_bytes(to_png(figure), path)


def draw_series(
    figure: Figure, title: str, times: Float[np.ndarray, "row"], series: Series, faces: list[Thumbnail]
) -> None:
    """Draws the same into a figure of these sizes."""
    upper = figure.add_axes((0.07, 0.40, 0.85, 0.52) if faces else (0.07, 0.13, 0.85, 0.77))
    _draw_lines(upper, times, series)
    style_axes(upper, title)
    upper.spines["left"].set_visible(False)
    upper.tick_params(length=0)
    upper.grid(visible=False, axis="x")
    _draw_faces(figure, upper, faces)


def _draw_lines(axes: Axes, times: Float[np.ndarray, "row"], series: Series) -> None:
    ends = []
    others = itertools.cycle(SERIES)
    for name in series:
        shade = QUANTITIES[name].on_white if name in QUANTITIES else next(others)
        axes.plot(times, series[name], color=shade, linewidth=1.8, solid_joinstyle="round")
        missing = np.isnan(np.concatenate([[np.nan], series[name], [np.nan]]))
        alone = ~missing[1:-1] & missing[:-2] & missing[2:]  # a single frame between two gaps has no line
        axes.plot(times[alone], series[name][alone], ".", color=shade, markersize=4)
        known = series[name][~missing[1:-1]]
        if len(known):
            ends.append([known[-min(len(known), 5) :].mean(), name, shade])
    _shade_gaps(axes, times, np.isnan(list(series.values())).all(0))
    _name_lines(axes, ends)
    axes.axhline(0, color=GRAY, linewidth=0.8)
    _limit(axes, np.concatenate(list(series.values())))
    margin = 0.005 * (times[-1] - times[0]) or 0.5
    axes.set_xlim(times[0] - margin, times[-1] + margin)
    for label in [*axes.get_xticklabels(), axes.xaxis.label]:
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    axes.set_xlabel("time (s)", color=INK, fontsize=10)
    axes.set_ylabel(" and ".join(series), color=INK, fontsize=10)


def _limit(axes: Axes, values: Float[np.ndarray, "value"]) -> None:
    """Sets the limits to [-1, 1], extended if values lie outside."""
    known = values[~np.isnan(values)]
    low = known.min(initial=-1)
    high = known.max(initial=1)
    axes.set_ylim(low - 0.025 * (high - low), high + 0.025 * (high - low))
    if (low, high) == (-1, 1):
        axes.set_yticks([-1, -0.5, 0, 0.5, 1])


def _name_lines(axes: Axes, ends: list[list]) -> None:
    """Writes names at the right end of the lines, moved apart if they overlap."""
    ends.sort(key=lambda end: end[0])
    for lower, higher in itertools.pairwise(ends):
        overlap = 0.14 - (higher[0] - lower[0])
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
            axes.text((left + right) / 2, 0.9, "no face", color=GRAY, fontsize=9, ha="center", va="center")


def _draw_faces(figure: Figure, upper: Axes, faces: list[Thumbnail]) -> None:
    """Draws a row of crops, each connected to its point on the time axis."""
    width = 0.85 / FACES
    gap = 0.008
    start = 0.07 + (FACES - len(faces)) * width / 2
    for place, (time, crop) in enumerate(faces):
        lower = figure.add_axes((start + place * width + gap / 2, 0.03, width - gap, 0.21))
        lower.imshow(crop)
        lower.set_axis_off()
        lower.set_title(f"{time:.1f} s", fontsize=8.5, color=INK, pad=3)
        connection = ConnectionPatch(
            (time, upper.get_ylim()[0]),
            (0.5, 1.17),
            "data",
            "axes fraction",
            axesA=upper,
            axesB=lower,
            color=GRAY,
            linewidth=0.7,
        )
        connection.set_zorder(-1)  # below the tick labels
        figure.add_artist(connection)
