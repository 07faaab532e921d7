"""Scores of a table of predictions."""

import os
import pathlib

import numpy as np

from affect_jax.emotions import LABEL_SETS
from affect_jax.evaluate.summary import scores
from affect_jax.experiment.labels import join_labels
from affect_jax.experiment.root_logging import leave_logging_alone
from affect_jax.files.paths import expand_home
from affect_jax.tables.frames import read_table
from affect_jax.tables.from_columns import rows_of
from affect_jax.tables.label_table import read_labels
from affect_jax.tables.reading import read_rows


@leave_logging_alone()
def score(
    table: "str | os.PathLike | polars.DataFrame", labels: "str | os.PathLike | polars.DataFrame | None" = None
) -> dict[str, float]:
    """Scores of predictions, as in the summary of `launch.evaluate`: "ccc/valence", "accuracy", "icc/intensity_sad".

    Args:
      table: a table of `launch.evaluate`, by its path or as a data frame with the same label columns; or predictions of
        images or videos, together with `labels`.
      labels: a table with `frame`, `time_seconds` or `source`, and some of `valence` and `arousal` in [-1, 1],
        `expression`, and `intensity_happy` and so on in [0, 10]; empty cells are not labeled. It is joined on those of
        `source`, `frame` and `face` that it has, and by time only without `frame`.

    ValueError if nothing is labeled, or if labels and predictions do not belong to each other.
    """
    if isinstance(table, str | os.PathLike) and labels is None:
        rows = read_rows(pathlib.Path(expand_home(os.fspath(table))))
    else:
        frame = read_table(table)
        if labels is not None:
            frame = join_labels(frame, read_labels(labels))
        rows = rows_of(frame.to_dict(as_series=False), LABEL_SETS)
    found = scores(rows, np.arange(len(rows)))
    if not found:
        raise ValueError("no row of the table is labeled; give the labels as a second table")
    return found
