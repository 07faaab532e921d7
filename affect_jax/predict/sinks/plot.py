"""A plot of the continuously rated quantities over a recording, with some of the faces below."""

import array
import itertools
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, INK, NO_FACE, QUANTITIES, SERIES
from affect_jax.files.atomic import write_bytes
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.plot_of_faces import Series, plot_faces
from affect_jax.predict.sinks.thumbnails import Thumbnail, Thumbnails, draw_below
from affect_jax.predict.sources import Frame
from affect_jax.quantities.registry import in_order


class Plot:
    """A PNG of the continuously rated quantities over a recording, drawn at its end if the network predicts any.

    Faces that are never there at once share their lines, which are broken where one face follows another; otherwise
    each face has a line of its own color. Only the time and these values are kept for each frame.
    """

    needs_images = False

    def __init__(self, path: pathlib.Path, title: str, quantities: Sequence[str], label_set: str, crops: bool = False):
        """`crops`: whether some of the faces are shown below the lines, if these are shared."""
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._path = path
        self._title = title
        self._thumbnails = Thumbnails() if crops else None
        self._traced = [each for each in in_order(quantities) if each.traced]
        self._names = [name for each in self._traced for name in each.columns(label_set)]
        self._times = array.array("d")  # of the frames
        self._frames: dict[int, array.array] = {}  # in which each face is seen, counted from 0
        self._values: dict[int, array.array] = {}  # of each face, one column after the other for each frame
        self._several = False  # whether faces are there at once

    def __enter__(self) -> "Plot":
        return self

    def write(self, frame: Frame, rows: Sequence[Row]) -> None:
        """Adds the rows of one frame."""
        found = [row for row in rows if row.values is not None]
        self._several |= len(found) > 1
        for row in found:
            if row.face not in self._frames:
                self._frames[row.face], self._values[row.face] = array.array("q"), array.array("d")
            self._frames[row.face].append(len(self._times))
            for each in self._traced:
                self._values[row.face].extend(row.values[each.name].ravel().tolist())
            if self._thumbnails is not None:
                self._thumbnails.offer(row.time_seconds, row.crop)
        self._times.append(frame.time_seconds)

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is not None or not self._names:
            return
        series = {face: self._series(face) for face in self._frames}
        if series and all(np.isnan(column).all() for face in series.values() for column in face.values()):
            return  # the network does not predict any of them
        times = np.array(self._times)
        if self._several:
            plot_faces(self._path, self._title, times, series)
        else:
            thumbnails = [] if self._thumbnails is None else self._thumbnails.select()
            plot_series(self._path, self._title, *self._joined(times, series), thumbnails)
        self.files.append(self._path)

    def _series(self, face: int) -> Series:
        """The values of a face over all frames."""
        whole = np.full((len(self._times), len(self._names)), np.nan)
        whole[np.array(self._frames[face])] = np.array(self._values[face]).reshape(-1, len(self._names))
        return dict(zip(self._names, whole.T, strict=True))

    def _joined(
        self, times: Float[np.ndarray, "row"], series: dict[int, Series]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The values of all faces as if they were one, with a break where one follows another at once."""
        who = np.full(len(times), -1)
        joined = {name: np.full(len(times), np.nan) for name in self._names}
        for face, columns in series.items():
            places = np.array(self._frames[face])
            who[places] = face
            for name in self._names:
                joined[name][places] = columns[name][places]
        breaks = np.flatnonzero((who[1:] != who[:-1]) & (who[1:] >= 0) & (who[:-1] >= 0)) + 1
        joined = {name: np.insert(column, breaks, np.nan) for name, column in joined.items()}
        return np.insert(times, breaks, times[breaks]), joined


def plot_series(
    path: pathlib.Path, title: str, times: Float[np.ndarray, "row"], series: Series, faces: list[Thumbnail]
) -> None:
    """Writes the plot of `draw_series` as a PNG."""
    write_bytes(to_png(draw_series(title, times, series, faces)), path)


def draw_series(title: str, times: Float[np.ndarray, "row"], series: Series, faces: list[Thumbnail]) -> Figure:
    """Draws the lines of one face, or of faces that are never there at once.

    Args:
      title: title of the plot.
      times: times of the rows, in seconds.
      series: values to plot; the lines are interrupted where there is no face.
      faces: a few crops.
    """
    figure = make_figure(11.0, 5.2, layout="none")
    upper = figure.add_axes((0.07, 0.40, 0.85, 0.52) if faces else (0.07, 0.13, 0.85, 0.77))
    _draw_lines(upper, times, series)
    style_axes(upper, title)
    upper.spines["left"].set_visible(False)
    upper.tick_params(length=0)
    upper.grid(visible=False, axis="x")
    draw_below(figure, upper, faces)
    return figure


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
