"""A table of another program as columns of numbers, with the row of each for messages."""

import dataclasses
import math
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from affect_jax.files.delimited import read_delimited, to_number

KNOWN_COLUMNS = ("time_seconds", "timestamp", "Timecode", "frame", "success", "AU12_r", "mouthSmileLeft")
FACES = ("face", "face_id")  # columns with the number of a face


@dataclasses.dataclass(frozen=True)
class Table:
    """The cells of a table that begins with its column names."""

    path: pathlib.Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]  # number of the line, and its cells

    @classmethod
    def read(cls, path: pathlib.Path) -> "Table":
        """Reads a table; ValueError if it has no rows."""
        lines = read_delimited(path, KNOWN_COLUMNS)
        _, header = next(lines, (0, []))
        rows = tuple(lines)
        if not rows:
            raise ValueError(f"{path} has no rows below its header, expected one for each frame; is it truncated?")
        return cls(path, tuple(cell.strip() for cell in header), rows)

    def column(self, name: str) -> str | None:
        """The column of this name as the table spells it, or None."""
        return next((column for column in self.columns if column.lower() == name.lower()), None)

    def texts(self, name: str) -> list[str]:
        """The cells of a column; "" where a row is too short."""
        place = self.columns.index(name)
        return [cells[place].strip() if place < len(cells) else "" for _, cells in self.rows]

    def numbers(self, name: str) -> Float[np.ndarray, "row"]:
        """The numbers of a column, NaN where one is missing; ValueError for words."""
        found = []
        for (row, _), text in zip(self.rows, self.texts(name), strict=True):
            try:
                found.append(to_number(text) if text else math.nan)
            except ValueError:
                raise ValueError(f"{self.path}, row {row}: {name} is '{text[:20]}', expected a number") from None
        return np.array(found)

    def matrix(self, names: Sequence[str]) -> Float[np.ndarray, "row column"]:
        """Several columns of numbers."""
        return np.stack([self.numbers(name) for name in names], axis=1)

    def keep(self, rows: Bool[np.ndarray, "row"]) -> "Table":
        """The table of some of its rows."""
        return dataclasses.replace(self, rows=tuple(row for row, kept in zip(self.rows, rows, strict=True) if kept))

    def of_face(self, face: int | None) -> "Table":
        """The rows of one face, and those without any; ValueError lists the faces if it has to be chosen."""
        column = next((name for name in map(self.column, FACES) if name), None)
        if column is None:
            return self
        numbers = self.numbers(column)
        numbers[~(numbers >= 0)] = -1  # rows without a face
        faces = sorted({int(number) for number in numbers} - {-1})
        listed = ", ".join(map(str, faces)) or "none"
        if face is None and len(faces) > 1:
            raise ValueError(f"{self.path} has the faces {listed}; choose one of them")
        if face is not None and face not in faces:
            raise ValueError(f"{self.path} has no face {face}; it has {listed}")
        chosen = face if face is not None else (faces or [-1])[0]
        return self.keep((numbers == chosen) | (numbers == -1))
