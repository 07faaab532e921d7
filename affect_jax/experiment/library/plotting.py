"""A plot of a table, shown where a notebook evaluates it."""

import os

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from affect_jax.experiment.root_logging import leave_logging_alone
from affect_jax.predict.sinks.lines import draw_series
from affect_jax.predict.sinks.plot_of_faces import draw_faces
from affect_jax.quantities.registry import ANY_SET, charted
from affect_jax.tables.frames import read_table


@leave_logging_alone()
def plot(table: "str | os.PathLike | polars.DataFrame", title: str = "") -> Figure:
    """Plots valence and arousal, and intensities of emotions, of one recording over time; gray without a face.

    Args:
      table: a table of `predict_video` or `launch.predict`, or its path.
      title: by default the name of the recording.

    Returns a figure of Matplotlib, which a notebook shows and `savefig` writes; faces that are there at once have a
    color each. ValueError if the table holds several recordings, or images.
    """
    frame = read_table(table)
    names = [name for each in charted(frame.columns) for name in each.columns(ANY_SET) if name in frame.columns]
    _check(frame, names)
    title = title or frame["source"][0] or ""
    key = "frame" if "frame" in frame.columns else "time_seconds"
    times, places = np.unique(frame["time_seconds"].to_numpy(), return_inverse=True)
    faces = frame["face"].fill_null(-1).to_numpy() if "face" in frame.columns else np.zeros(frame.height, int)
    values = {name: frame[name].cast(float).fill_null(np.nan).to_numpy() for name in names}
    if frame[key].n_unique() == frame.height:
        return draw_series(title, *_broken_between(frame["time_seconds"].to_numpy(), faces, values), [])
    series = {}
    for face in sorted(set(faces[faces >= 0].tolist())):
        chosen = faces == face
        whole = np.full((len(names), len(times)), np.nan)
        whole[:, places[chosen]] = [values[name][chosen] for name in names]
        series[face] = dict(zip(names, whole, strict=True))
    return draw_faces(title, times, series)


def _broken_between(
    times: Float[np.ndarray, "row"], faces: np.ndarray, values: dict[str, Float[np.ndarray, "row"]]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Times and values, with a break where one face follows another at once."""
    breaks = np.flatnonzero((faces[1:] != faces[:-1]) & (faces[1:] >= 0) & (faces[:-1] >= 0)) + 1
    return np.insert(times, breaks, times[breaks]), {
        name: np.insert(column, breaks, np.nan) for name, column in values.items()
    }


def _check(frame: "polars.DataFrame", names: list[str]) -> None:
    if missing := {"source", "time_seconds"} - set(frame.columns):
        raise ValueError(f"the table has no column {', '.join(sorted(missing))}; plot a table of a video")
    if not names:
        raise ValueError("the table has no column valence or arousal, and no intensity such as intensity_happy")
    sources = frame["source"].unique(maintain_order=True).to_list()
    if not sources:
        raise ValueError("the table has no rows")
    if len(sources) > 1:
        raise ValueError(
            f"the table holds {len(sources)} recordings or images; select one, as by "
            f"table.filter(polars.col('source') == {sources[0]!r})"
        )
