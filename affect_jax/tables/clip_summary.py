"""`summary_per_clip.csv`: one row per recording and face, for statistics with one row per clip."""

import csv
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from affect_jax.files.atomic import write_csv
from affect_jax.quantities.registry import in_order
from affect_jax.tables.schema import KEYS, SUCCESS, Schema
from affect_jax.tables.writing import ENCODING, cell

NAME = "summary_per_clip.csv"


def summarize(frame: "polars.LazyFrame", schema: Schema) -> list[dict[str, Any]]:
    """The rows of the summary, by column; ordered by recording as in the table, then by face.

    A recording without any face has one row with an empty face. A frame stands until the next one, the last as long as
    the median of the others, so that times are right at a variable frame rate.
    """
    measured = [name for each in in_order(schema.quantities) for name in each.columns(schema.label_set)]
    found = []
    for rows in frame.select(*KEYS, SUCCESS, *measured).collect().partition_by("source", maintain_order=True):
        frames, first = np.unique(rows["frame"].to_numpy(), return_index=True)
        seconds = durations(rows["time_seconds"].to_numpy()[first])
        duration_of = dict(zip(frames.tolist(), seconds.tolist(), strict=True))
        for face, of_face in _by_face(rows):
            count = len(of_face)
            keys = {name: rows[name][0] for name in KEYS[:3]}
            counts = {
                "face": face,
                "frames": len(frames),
                "frames_with_face": count,
                "fraction_missing": 1 - count / len(frames),
                "duration_seconds": float(seconds.sum()),
            }
            standing = np.array([duration_of[index] for index in of_face["frame"].to_list()], np.float64)
            found.append({**keys, **counts, **_statistics(of_face, standing, schema)})
    return found


def durations(times_seconds: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "frame"]:
    """How long each frame stands; 0 for a single one."""
    steps = np.maximum(np.diff(times_seconds), 0)
    return np.append(steps, np.median(steps)) if len(steps) else np.zeros(len(times_seconds))


def _by_face(rows: "polars.DataFrame") -> Iterator[tuple[int | None, "polars.DataFrame"]]:
    """The rows of each face; none at all under None if there is no face."""
    with_face = rows.filter(rows[SUCCESS] == 1)
    if not len(with_face):
        yield None, with_face
    for of_face in with_face.sort("face", maintain_order=True).partition_by("face", maintain_order=True):
        yield of_face["face"][0], of_face


def _statistics(rows: "polars.DataFrame", seconds: Float[np.ndarray, "row"], schema: Schema) -> dict[str, Any]:
    found = {}
    for each in in_order(schema.quantities):
        columns = [rows[name].cast(float).to_numpy() for name in each.columns(schema.label_set)]
        flat = np.stack(columns, -1)
        known = ~np.isnan(flat).any(-1)
        values = flat.reshape(len(rows), *each.label_shape(schema.label_set))
        found |= each.summarize(values[known], seconds[known], schema.label_set)
    return found


def update_summary(path: pathlib.Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds rows to a summary, in place of those of the same recordings; a file that is no summary is replaced."""
    new = {row["source"] for row in rows}
    kept = [row for row in _existing(path) if row["source"] not in new]
    cells = [{name: cell(value) for name, value in row.items()} for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(kept + cells, path)


def _existing(path: pathlib.Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(**ENCODING) as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if row.get("source") is not None and None not in row]
