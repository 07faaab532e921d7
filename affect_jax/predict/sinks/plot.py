"""A plot of the charted quantities over a recording, with some of the faces below."""

import array
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.draw.axes import to_png
from affect_jax.files.atomic import write_bytes
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.lines import draw_series
from affect_jax.predict.sinks.plot_of_faces import Series, plot_faces
from affect_jax.predict.sinks.thumbnails import Thumbnail, Thumbnails
from affect_jax.predict.sources import Frame
from affect_jax.quantities.registry import in_order


class Plot:
    """A PNG of the charted quantities over a recording, drawn at its end if the network predicts any.

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
        self._charted = [each for each in in_order(quantities) if each.charted]
        self._names = [name for each in self._charted for name in each.columns(label_set)]
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
            for each in self._charted:
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
