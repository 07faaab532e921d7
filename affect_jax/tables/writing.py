"""Writes tables as CSV: all at once for an evaluation, row by row for a video.

Each number is the shortest text that reads back to the same value. A row without a face has no number of one.
"""

import csv
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from absl import logging
from jaxtyping import Float

from affect_jax.files.atomic import open_atomically
from affect_jax.quantities.registry import in_order
from affect_jax.tables.rows import Rows
from affect_jax.tables.schema import BOX, KEYS, QUALITY, SUCCESS, Schema, write_schema

ENCODING = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}  # file names may contain any bytes


def write_rows(rows: Rows, path: pathlib.Path, model: str, crop: str, network_sha256: str = "") -> None:
    """Writes a table and its schema, each atomically; `model`, `crop` and `network_sha256` as in `Schema`."""
    schema = Schema(
        model=model,
        crop=crop,
        crop_px=rows.crop_px,
        label_set=rows.label_set,
        quantities=tuple(rows.values),
        labeled=tuple(name for name in rows.values if name in rows.labels),
        boxes=rows.boxes is not None,
        include=tuple(rows.included),
        network_sha256=network_sha256,
    )
    columns = _columns(rows, schema)
    write_schema(schema, path)
    with open_atomically(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(schema.columns)
        ordered = [columns[name] for name in schema.columns]
        for row in range(len(rows)):
            writer.writerow([cell(column[row]) for column in ordered])


def _columns(rows: Rows, schema: Schema) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {key: getattr(rows, key) for key in (*KEYS, SUCCESS)}
    columns["face"] = [face if found else "" for face, found in zip(rows.face, rows.success, strict=True)]
    if rows.boxes is not None:
        columns |= dict(zip(BOX, rows.boxes.T, strict=True))
        columns[QUALITY] = np.full(len(rows), np.nan) if rows.quality is None else rows.quality
    for each in in_order(rows.values):
        columns |= each.cells(rows.values[each.name], rows.label_set)
        if each.name in rows.labels:
            columns |= each.label_cells(rows.labels[each.name], rows.label_set)
    for name, group in schema.groups.items():
        columns |= dict(zip(group, rows.included[name].T, strict=True))
    return columns


class RowWriter:
    """Appends rows to `<path>.part`, which is renamed to `path` once it is complete."""

    def __init__(self, path: pathlib.Path, schema: Schema, rows: int = 0):
        """`rows`: number of rows that are in the part file already, which are kept; 0 begins a new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = rows
        self._path = path
        self._part = part_of(path)
        self._schema = schema
        self._quantities = in_order(schema.quantities)
        self._stream = self._part.open("a" if rows else "w", **ENCODING)
        self._csv = csv.writer(self._stream, lineterminator="\n")
        if not rows:
            self._csv.writerow(schema.columns)
            self._stream.flush()

    def write(
        self,
        keys: Mapping[str, Any],
        values: Mapping[str, np.ndarray] | None,
        box: Sequence[float] | None = None,
        **more: Any,
    ) -> None:
        """Appends and flushes one row; the arguments are those of `cells`."""
        self._csv.writerow(self.cells(keys, values, box, **more))
        self._stream.flush()
        self.rows += 1

    def cells(
        self,
        keys: Mapping[str, Any],
        values: Mapping[str, np.ndarray] | None,
        box: Sequence[float] | None = None,
        *,
        quality: float | None = None,
        landmarks: Float[np.ndarray, "68 2"] | None = None,
        blendshapes: Float[np.ndarray, "52"] | None = None,
    ) -> list[Any]:
        """The cells of one row.

        Args:
          keys: values for those of `KEYS` that are known.
          values: the reported value of each quantity; None if there is no face.
          box: left, top, width and height in px, and the score; None if there is no box.
          quality: of the face, in [0, 1].
          landmarks: in px of the image; written if the schema includes them.
          blendshapes: in the order of `BLENDSHAPES`; written if the schema includes them.
        """
        columns = {**keys, SUCCESS: values is not None, **dict(zip(BOX, box or (), strict=False))}
        if values is None:
            columns["face"] = ""
        if quality is not None:
            columns[QUALITY] = quality
        for each in self._quantities:
            value = self._schema.missing(each.name) if values is None else values[each.name][None]
            cells = each.cells(value, self._schema.label_set)
            columns |= {name: column[0] for name, column in cells.items()}
        given = {"landmarks": landmarks if landmarks is None else landmarks.T.ravel(), "blendshapes": blendshapes}
        for name, group in self._schema.groups.items():
            if given[name] is not None:
                columns |= dict(zip(group, given[name], strict=True))
        return [cell(columns.get(name, "")) for name in self._schema.columns]

    def close(self, recording: Mapping[str, Any] | None = None) -> None:
        """Renames the table to its final name and writes its schema, with facts about the recording."""
        self._stream.close()
        write_schema(self._schema, self._path, recording)
        os.replace(self._part, self._path)

    def stop(self) -> None:
        """Leaves the rows so far in the part file, without a word."""
        self._stream.close()

    def abandon(self) -> bool:
        """Leaves the rows so far in the part file and names it, or deletes it; returns whether there are any."""
        self._stream.close()
        if not self.rows:
            self._part.unlink()
        else:
            logging.warning(
                "stopped before the end: the %d rows so far are in %s; the same command goes on from there",
                self.rows,
                self._part,
            )
        return self.rows > 0


def part_of(path: pathlib.Path) -> pathlib.Path:
    """The part file of a table: always the same, so that the next run finds it."""
    return path.with_name(f"{path.name}.part")


def cell(value: Any) -> Any:
    """A value as CSV writes it: numbers as the shortest text that reads back the same, NaN as an empty cell."""
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else str(value)
    return value
