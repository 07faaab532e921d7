"""Columns of strings that do not need an object for each row."""

from collections.abc import Sequence

import numpy as np

PACKED = np.dtypes.StringDType()


def pack(column: Sequence[str] | np.ndarray) -> np.ndarray:
    """Packs strings: 16 bytes for up to 15 of UTF-8, and the longer text itself; a str object has 49 bytes and more.

    Names of files need not be Unicode. A column with such a name becomes an array of objects.
    """
    if isinstance(column, np.ndarray) and column.dtype == PACKED:
        return column
    is_fixed = isinstance(column, np.ndarray) and column.dtype.kind == "U"
    texts = column if is_fixed else np.asarray(column, object)
    try:
        return texts.astype(PACKED)
    except UnicodeEncodeError:
        return texts.astype(object)


def join(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Concatenates columns that `pack` returned; one alone is not copied."""
    if len(columns) == 1:
        return columns[0]
    if all(column.dtype == PACKED for column in columns):
        return np.concatenate([pack([]), *columns])
    return np.concatenate([column.astype(object) for column in columns])


def repeated(column: np.ndarray) -> np.ndarray:
    """Whether each string stands further up in the column already."""
    # Hashes are numbers that NumPy sorts; equal strings have equal ones, so that few strings are left to compare.
    hashes = np.fromiter(map(hash, column), np.int64, len(column))
    ordered = np.sort(hashes)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    again, seen = np.zeros(len(column), bool), set()
    for index in np.flatnonzero(np.isin(hashes, shared)):
        text = str(column[index])
        again[index] = text in seen
        seen.add(text)
    return again
