"""Tables and a face, as users give them to the commands that compare recordings of people."""

import pathlib
from collections.abc import Sequence

from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.paths import expand_home
from affect_jax.tables.person_rows import Face, read_face


def read_places(tables: Sequence[str]) -> tuple[pathlib.Path, ...]:
    """The values of --tables; UsageError if there are none, or one is no path."""
    if not tables or not all(text.strip() for text in tables):
        raise UsageError("--tables holds an empty name; give tables, or folders with tables, separated by commas")
    try:
        return tuple(pathlib.Path(expand_home(text)) for text in tables)
    except ValueError as error:
        raise UsageError(f"--tables: {error}") from error


def read_choice(face: str) -> Face:
    """The value of --face; UsageError if it is no choice of faces."""
    try:
        return read_face(face)
    except ValueError as error:
        raise UsageError(f"--face: {error}") from error
