"""Rows kept on disk between the first pass over a video and the overlay, so that no recording is too long."""

import tempfile
from collections.abc import Iterator

import numpy as np

from affect_jax.predict.series import Row
from affect_jax.types import LANDMARKS

BOX_VALUES, LANDMARK_VALUES = 5, 2 * LANDMARKS


class Spool:
    """Appends rows without their crops, and gives them back in order; a temporary file that vanishes by itself."""

    def __init__(self, values: int):
        self._width = 2 + BOX_VALUES + LANDMARK_VALUES + values
        self._file = tempfile.TemporaryFile()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, row: Row) -> None:
        """Keeps one row."""
        record = np.full(self._width, np.nan)
        record[:2] = row.time_seconds, float(row.values is not None)
        if row.landmarks is not None:
            record[2 : 2 + BOX_VALUES] = *row.box, row.score
            record[2 + BOX_VALUES :][:LANDMARK_VALUES] = row.landmarks.ravel()
        if row.values is not None:
            record[2 + BOX_VALUES + LANDMARK_VALUES :] = row.values
        self._file.write(record.tobytes())

    def __iter__(self) -> Iterator[Row]:
        self._file.seek(0)
        frame = 0
        while data := self._file.read(8 * self._width):
            yield _row(frame, np.frombuffer(data))
            frame += 1


def _row(frame: int, record: np.ndarray) -> Row:
    time, has_face = record[:2]
    if not has_face:
        return Row("", frame, float(time))
    values = record[2 + BOX_VALUES + LANDMARK_VALUES :].astype(np.float32)
    box = record[2 : 2 + BOX_VALUES]
    if np.isnan(box[0]):
        return Row("", frame, float(time), values=values)
    landmarks = record[2 + BOX_VALUES :][:LANDMARK_VALUES].reshape(LANDMARKS, 2).astype(np.float32)
    left, top, width, height, score = map(float, box)
    return Row("", frame, float(time), None, (left, top, width, height), score, landmarks, values)
