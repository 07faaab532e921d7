"""The table of a recording: one row per decoded frame, written as the frames come."""

import csv
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from affect_jax.files.atomic import part_of
from affect_jax.predict.predictor import AFFECT
from affect_jax.predict.row import Row
from affect_jax.predict.sources import Frame
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

HEAD = ("input", "frame", "timestamp", "face_id", "success")
BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")
FACE_ID = 0  # the primary face is the only one followed


def columns(emotions: Sequence[str]) -> list[str]:
    """The header."""
    probabilities = [f"p_{emotion}" for emotion in emotions]
    return [*HEAD, *BOX, "valence", "arousal", "expression", *probabilities, "model", "crop"]


class Table:
    """Appends rows to `<path>.<process>.part`; the file gets its own name only when all of them are there.

    An error leaves the part file behind with the rows so far; nothing half written ever bears the final name.
    """

    needs_images = False

    def __init__(self, path: pathlib.Path, emotions: Sequence[str], model: str, crop: str):
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self._path = path
        self._part = part_of(path)
        self._emotions = tuple(emotions)
        self._tail = [model, crop]
        self._rows = 0

    def __enter__(self) -> "Table":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self._part.open("w", newline="", encoding="utf-8", errors="surrogateescape")
        self._csv = csv.writer(self._stream, lineterminator="\n")
        self._csv.writerow(columns(self._emotions))
        return self

    def write(self, frame: Frame, row: Row) -> None:
        """Appends and flushes one row."""
        del frame
        self._rows += 1
        self._csv.writerow(self._cells(row))
        self._stream.flush()

    def __exit__(self, kind: type | None, *_: object) -> None:
        self._stream.close()
        if kind is None:
            os.replace(self._part, self._path)
            self.files.append(self._path)
        elif not self._rows:
            self._part.unlink()

    def _cells(self, row: Row) -> list[str]:
        head = [row.name, str(row.frame), f"{row.time_seconds:.6f}", str(FACE_ID), str(int(row.values is not None))]
        if row.values is None:
            return [*head, *[""] * (len(BOX) + AFFECT + 1 + len(self._emotions)), *self._tail]
        box = [""] * len(BOX) if row.box is None else [*(f"{side:.2f}" for side in row.box), f"{row.score:.6f}"]
        probabilities = row.values[AFFECT:]
        named = len(probabilities) > 0 and not np.isnan(probabilities).any()
        expression = self._emotions[int(probabilities.argmax())] if named else ""
        affect = [_number(row.values[VALENCE]), _number(row.values[AROUSAL])]
        return [*head, *box, *affect, expression, *map(_number, probabilities), *self._tail]


def _number(value: np.floating) -> str:
    """The shortest text that reads back as the same float32; empty for a head that does not exist."""
    return "" if np.isnan(value) else str(value)
