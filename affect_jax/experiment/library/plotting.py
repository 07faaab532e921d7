"""A plot of a table, shown where a notebook evaluates it."""

import os
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from affect_jax.draw.axes import to_png
from affect_jax.experiment.library.table import read_table
from affect_jax.experiment.root_logging import leave_logging_alone
from affect_jax.predict.sinks.plot import HEIGHT_INCHES, WIDTH_INCHES, draw_series
from affect_jax.quantities.registry import QUANTITIES

if TYPE_CHECKING:
    import polars

ANY_SET = "affectnet_8"  # the columns of continuously rated quantities do not depend on the label set


class InlineFigure(Figure):
    """A figure that a notebook shows as a picture, although it is none of pyplot's."""

    def _repr_png_(self) -> bytes:
        return to_png(self)


@leave_logging_alone()
def plot(table: "str | os.PathLike | polars.DataFrame", title: str = "") -> Figure:
    """Plots valence and arousal of one recording over time, gray where there is no face.

    Args:
      table: a table of `predict_video` or `launch.predict`, or its path.
      title: by default the name of the recording.

    Returns a figure of Matplotlib, which a notebook shows and `savefig` writes. ValueError if the table holds several
    recordings, or images.
    """
    frame = read_table(table)
    columns = [name for each in QUANTITIES.values() if each.traced for name in each.columns(ANY_SET)]
    columns = [name for name in columns if name in frame.columns]
    _check(frame, columns)
    figure = InlineFigure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="none", facecolor="white")
    FigureCanvasAgg(figure)
    series = {name: frame[name].to_numpy() for name in columns}
    draw_series(figure, title or frame["source"][0] or "", frame["time_seconds"].to_numpy(), series, [])
    return figure


def _check(frame: "polars.DataFrame", columns: list[str]) -> None:
    if missing := {"source", "time_seconds"} - set(frame.columns):
        raise ValueError(f"the table has no column {', '.join(sorted(missing))}; plot a table of a video")
    if not columns:
        raise ValueError("the table has no column valence or arousal")
    names = frame["source"].unique(maintain_order=True).to_list()
    if not names:
        raise ValueError("the table has no rows")
    if len(names) > 1:
        raise ValueError(
            f"the table holds {len(names)} recordings or images; select one, as by "
            f"table.filter(polars.col('source') == {names[0]!r})"
        )
