"""Numbers that describe a person, such as age and culture, from a list of subjects."""

import math
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.files.delimited import read_delimited, to_number

SUBJECT = "subject"  # name of the column that says whose row it is
EXAMPLE = "expected a header such as subject,age,culture_a,culture_b and a row of numbers for each subject"


def read_context(path: pathlib.Path, subjects: Sequence[str]) -> Float[np.ndarray, "example number"]:
    """The numbers of the subject of each example, in the order of the file's columns.

    FileNotFoundError if there is no such file. ValueError names a row that cannot be read, and a subject without one.
    """
    if not path.is_file():
        raise FileNotFoundError(f"the context {path} does not exist; {EXAMPLE}")
    lines = read_delimited(path, (SUBJECT,))
    _, header = next(lines, (0, []))
    columns = [name.strip().lower() for name in header]
    if SUBJECT not in columns or len(columns) < 2:
        raise ValueError(f"{path}: its columns are {', '.join(header) or 'missing'}; {EXAMPLE}")
    place = columns.index(SUBJECT)
    known: dict[str, list[float]] = {}
    for line, cells in lines:
        name, numbers = _row(path, line, cells, header, place)
        if name in known:
            raise ValueError(f"{path}, row {line}: subject '{name}' has a row already; expected one for each")
        known[name] = numbers
    if missing := sorted(set(map(str, subjects)) - set(known)):
        raise ValueError(f"{path} has no row for {len(missing)} subjects, such as '{missing[0]}'; {EXAMPLE}")
    return np.array([known[str(subject)] for subject in subjects], np.float32)


def _row(
    path: pathlib.Path, line: int, cells: Sequence[str], header: Sequence[str], place: int
) -> tuple[str, list[float]]:
    if len(cells) != len(header):
        raise ValueError(f"{path}, row {line}: {len(cells)} cells, but the header has {len(header)}; {EXAMPLE}")
    numbers = []
    for column, (name, cell) in enumerate(zip(header, cells, strict=True)):
        if column == place:
            continue
        try:
            number = to_number(cell)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{path}, row {line}: {name.strip()} is '{cell}', which is no number; {EXAMPLE}")
        numbers.append(number)
    return cells[place].strip(), numbers
