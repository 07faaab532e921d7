"""predictions.csv: written whole or not at all, and read back."""

import csv
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from affect_jax.evaluate.rows import Rows
from affect_jax.files.atomic import replacing
from affect_jax.types import DIMENSIONS

COLUMNS = ("name", "subject", "clip", "frame", "time_seconds") + DIMENSIONS + tuple(f"label_{d}" for d in DIMENSIONS)
COLUMNS += ("expression", "label_expression")


def write_table(rows: Rows, path: pathlib.Path) -> None:
    """One line a face or frame; unknown labels, and heads that the network lacks, are empty cells."""
    with replacing(path) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS + tuple(f"p_{emotion}" for emotion in rows.emotions))
        named = (*rows.emotions, "")  # index -1: unknown
        for row in range(len(rows)):
            writer.writerow(
                [
                    rows.name[row],
                    rows.subject[row],
                    rows.clip[row],
                    rows.frame[row],
                    repr(float(rows.time_seconds[row])),
                ]
                + [_cell(value) for value in (*rows.valence_arousal[row], *rows.label_valence_arousal[row])]
                + [named[rows.emotion[row]], named[rows.label_emotion[row]]]
                + [_cell(value) for value in rows.probabilities[row]]
            )


def read_table(path: pathlib.Path) -> Rows:
    """The rows of `write_table`; ValueError names file and row where they are not."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = tuple(next(reader, ()))
        if header[: len(COLUMNS)] != COLUMNS:
            raise ValueError(f"{path}, row 1: expected the columns {', '.join(COLUMNS)}, found {', '.join(header)}")
        lines = list(reader)
    emotions = tuple(column.removeprefix("p_") for column in header[len(COLUMNS) :])
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise ValueError(
                f"{path}, row {number}: {len(line)} cells, expected {len(header)}; the file may be cut off"
            )
    text = dict(zip(header, zip(*lines, strict=True), strict=True)) if lines else {column: () for column in header}
    place = {emotion: index for index, emotion in enumerate(emotions)} | {"": -1}
    column = lambda name: np.array(_read(path, name, text[name], lambda cell: float(cell) if cell else np.nan))
    probabilities = [column(f"p_{emotion}") for emotion in emotions]
    return Rows(
        emotions=emotions,
        name=text["name"],
        subject=text["subject"],
        clip=text["clip"],
        frame=np.array(_read(path, "frame", text["frame"], int), int),
        time_seconds=column("time_seconds"),
        valence_arousal=np.stack([column(name) for name in DIMENSIONS], -1),
        label_valence_arousal=np.stack([column(f"label_{name}") for name in DIMENSIONS], -1),
        probabilities=np.stack(probabilities, -1) if emotions else np.zeros((len(lines), 0)),
        label_emotion=np.array(_read(path, "label_expression", text["label_expression"], place.__getitem__), int),
    )


def _read(path: pathlib.Path, name: str, cells: Sequence[str], kind: Callable[[str], int | float]) -> list[int | float]:
    """Cells of a column as numbers; ValueError names the row of the first that is none."""
    found = []
    for row, cell in enumerate(cells, start=2):
        try:
            found.append(kind(cell))
        except (ValueError, KeyError):
            raise ValueError(f"{path}, row {row}: {name} is '{cell[:20]}'; the file was changed by hand") from None
    return found


def _cell(value: float) -> str:
    return "" if np.isnan(value) else repr(float(value))
