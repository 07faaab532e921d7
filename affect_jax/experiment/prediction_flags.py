"""What a user asks of the tables of a prediction, from the flags of a command."""

import pathlib

from affect_jax.experiment.config.errors import UsageError
from affect_jax.predict.ids import Ids
from affect_jax.tables.export import Export


def read_ids(hashed: bool, key_file: str | None) -> Ids:
    """How files are called in the tables; UsageError for a key that cannot be used."""
    try:
        return Ids(hashed, pathlib.Path(key_file).read_bytes() if key_file else b"")
    except OSError as error:
        raise UsageError(f"--hash_key={key_file} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UsageError(f"--hash_key={key_file}: {error}") from error


def read_export(*choices: str) -> Export:
    """The form of the tables, from the fields of `Export`; UsageError for choices that contradict each other."""
    try:
        return Export(*choices)
    except ValueError as error:
        raise UsageError(str(error)) from error
