"""Values in the cells of lists: numbers, codes and names, or a fault of the row."""

import math
from collections.abc import Sequence

from affect_jax import emotions
from affect_jax.data.skipped import RowFault


def parse_finite(column: str, cell: str, expected: str) -> float:
    """Parses a finite number; RowFault says what was expected otherwise."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        hint = "; export the list with decimal points" if "," in cell else ""
        raise RowFault(f"{column} is not a number", f"{column} is '{cell[:20]}', expected {expected}{hint}")
    return value


def parse_integer(column: str, cell: str, highest: int, meaning: str = "", lowest: int = 0) -> int:
    """Parses an integer; RowFault if it is not one or not in lowest..highest."""
    try:
        value = float(cell)
    except ValueError:
        raise RowFault(f"{column} is not a number", f"{column} is '{cell[:20]}', expected a finite number") from None
    if not (lowest <= value <= highest and value == int(value)):
        raise RowFault(f"{column} out of {lowest}..{highest}", f"{column} is {cell}, expected {meaning or 'a count'}")
    return int(value)


def parse_emotion(column: str, cell: str, names: Sequence[str]) -> int:
    """Parses an emotion's code or its name; returns its index in `names`."""
    if (word := emotions.canonical_name(cell)) in names:
        return names.index(word)
    meaning = ", ".join(f"{code} {name}" for code, name in enumerate(names))
    return parse_integer(column, cell, len(names) - 1, meaning)
