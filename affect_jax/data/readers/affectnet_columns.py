"""The rows of an AffectNet list by column: millions of them fit where objects would not."""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int

from affect_jax.data.readers.affectnet_rows import Row
from affect_jax.data.texts import join, pack
from affect_jax.types import LANDMARKS

UNKNOWN = -1  # emotion or confirmation that is not stated


class FaceColumns:
    """The content of usable rows (see `Row`), with room for `most` of them; memory is taken as they are added."""

    def __init__(self, most: int):
        self.count = 0
        self.numbers = np.zeros(most, np.int64)  # of the rows in their list, for messages
        self.boxes = np.zeros((most, 4))  # left, top, width, height in px; all 0 = none
        self.landmarks = np.zeros((most, LANDMARKS, 2), np.float32)
        self.has_landmarks = np.zeros(most, bool)
        self.emotion = np.zeros(most, np.int8)
        self.valence_arousal = np.zeros((most, 2))  # nan = not annotated
        self.correct = np.zeros(most, np.int8)
        self._paths: list[np.ndarray] = []

    @property
    def paths(self) -> np.ndarray:
        """Paths of the images, below their folder."""
        if len(self._paths) != 1:
            self._paths = [join(self._paths)]
        return self._paths[0]

    def place(self, count: int) -> slice:
        """Makes the next `count` rows; returns where they are."""
        self.count += count
        return slice(self.count - count, self.count)

    def add_paths(self, paths: Sequence[str] | np.ndarray) -> None:
        """Adds the paths of the rows placed last."""
        self._paths.append(pack(paths))

    def put(self, index: int, number: int, row: Row) -> None:
        """Sets the numbers of one row."""
        self.numbers[index] = number
        self.boxes[index] = 0 if row.box is None else row.box
        self.has_landmarks[index] = row.landmarks is not None
        if row.landmarks is not None:
            self.landmarks[index] = row.landmarks
        self.emotion[index] = UNKNOWN if row.emotion is None else row.emotion
        self.valence_arousal[index] = np.nan if row.valence_arousal is None else row.valence_arousal
        self.correct[index] = UNKNOWN if row.correct is None else row.correct

    def add(self, rows: Sequence[tuple[int, Row]]) -> None:
        """Adds rows with their numbers."""
        for index, (number, row) in enumerate(rows, self.place(len(rows)).start):
            self.put(index, number, row)
        self.add_paths([row.path for _, row in rows])

    def keep(self, kept: Bool[np.ndarray, "row"] | None = None) -> None:
        """Drops the other rows, and the room that was not needed."""
        for name, column in vars(self).items():
            if isinstance(column, np.ndarray):
                column = column[: self.count]
                setattr(self, name, column if kept is None or kept.all() else column[kept])
        if kept is not None:
            self._paths = [self.paths[kept]]
            self.count = int(kept.sum())


@dataclasses.dataclass
class Listed:
    """The usable rows of a list with their names, subjects and image files."""

    rows: FaceColumns
    names: np.ndarray  # unique
    subjects: np.ndarray
    folder: pathlib.Path  # of the images

    def __len__(self) -> int:
        return self.rows.count

    def keep(self, kept: Bool[np.ndarray, "row"]) -> None:
        """Drops the other rows."""
        if not kept.all():
            self.rows.keep(kept)
            self.names, self.subjects = self.names[kept], self.subjects[kept]

    @property
    def files(self) -> "ImagePaths":
        """The image files."""
        return ImagePaths(self.folder, self.rows.paths)


class ImagePaths(Sequence[str]):
    """The paths of images below a folder, each put together when it is asked for."""

    def __init__(self, folder: pathlib.Path, paths: np.ndarray):
        self.folder, self.paths = folder, paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> str:
        return str(self.folder / self.paths[index])


class RowPlaces(Sequence[str]):
    """Where each example was listed, for messages."""

    def __init__(self, where: str, numbers: Int[np.ndarray, "row"]):
        self.where, self.numbers = where, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> str:
        return f"{self.where}, row {self.numbers[index]}"
