"""The table of a recording: one row per decoded frame, written as the frames come."""

import csv
import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.files.atomic import part_of
from affect_jax.predict.predictor import AFFECT
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

HEAD = ("input", "frame", "timestamp", "face_id", "success")
BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")
FACE_ID = 0  # the primary face is the only one followed


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of one frame. Without a face, everything after `time_seconds` is None."""

    name: str  # of the file
    frame: int  # 0-based
    time_seconds: float
    crop: UInt8[np.ndarray, "size_px size_px 3"] | None = None  # what the network saw
    box: tuple[float, float, float, float] | None = None  # left, top, width, height in px; None for a ready crop
    score: float | None = None
    landmarks: Float[np.ndarray, "68 2"] | None = None
    values: Float[np.ndarray, "value"] | None = None  # as `Predictor.values`


def columns(emotions: Sequence[str]) -> list[str]:
    """The header."""
    probabilities = [f"p_{emotion}" for emotion in emotions]
    return [*HEAD, *BOX, "valence", "arousal", "expression", *probabilities, "model", "crop"]


class SeriesWriter:
    """Appends rows to `<path>.<process>.part`; the file gets its own name only when all of them are there.

    An error leaves the part file behind with the rows so far; nothing half written ever bears the final name.
    """

    def __init__(self, path: pathlib.Path, emotions: Sequence[str], model: str, crop: str):
        self.path = path
        self.rows = self.rows_with_face = 0
        self._part = part_of(path)
        self._emotions, self._tail = tuple(emotions), [model, crop]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self._part.open("w", newline="", encoding="utf-8", errors="surrogateescape")
        self._csv = csv.writer(self._stream, lineterminator="\n")
        self._csv.writerow(columns(emotions))

    def __enter__(self) -> "SeriesWriter":
        return self

    def write(self, row: Row) -> None:
        """Appends and flushes one row."""
        self.rows += 1
        self.rows_with_face += row.values is not None
        self._csv.writerow(self._cells(row))
        self._stream.flush()

    def __exit__(self, kind: type | None, *_: object) -> None:
        self._stream.close()
        if kind is None:
            os.replace(self._part, self.path)
        elif not self.rows:
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


def read_series(path: pathlib.Path) -> dict[str, Float[np.ndarray, "row"]]:
    """Timestamps, valence and arousal of a table; nan where there is no face."""
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
        rows = [(row["timestamp"], row["valence"], row["arousal"]) for row in csv.DictReader(stream)]
    numbers = np.array([[float(cell or "nan") for cell in row] for row in rows]).reshape(-1, 3)
    return dict(zip(("timestamp", "valence", "arousal"), numbers.T, strict=True))
