"""Atomic writes: a file appears complete or not at all."""

import contextlib
import csv
import glob
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from absl import logging

from affect_jax.files.disk import naming


def partial_path(path: pathlib.Path) -> pathlib.Path:
    """Returns the temporary path of a file that is being written; unique to this process."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


def remove_abandoned(path: pathlib.Path) -> None:
    """Removes the temporary files of `path` whose processes were killed; those of running processes stay."""
    for part in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        process = part.name.removeprefix(f"{path.name}.").removesuffix(".part")
        if process.isdecimal() and not _is_running(int(process)):
            part.unlink(missing_ok=True)
            logging.info("removed %s, left by a process that was stopped", part)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        return True
    return True


@contextlib.contextmanager
def replace_atomically(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a temporary path next to `path`; it is renamed to `path` on success and removed on error."""
    part = partial_path(path)
    try:
        with naming(path):
            yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def open_atomically(path: pathlib.Path) -> Iterator[TextIO]:
    """Opens a text file that replaces `path` only once it is complete; see `replace_atomically`."""
    with replace_atomically(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        yield file


def write_bytes(data: bytes, path: pathlib.Path) -> None:
    """Writes a file, creating its parent folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(path) as part:
        part.write_bytes(data)


def write_privately(data: bytes, path: pathlib.Path) -> None:
    """Writes a file that only its owner may read or write (mode 0600), from its first byte on.

    Its folder is created if needed, for the owner only.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replace_atomically(path) as part:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # of a file that a process of the same number left
            file.write(data)


def write_csv(rows: Sequence[Mapping[str, object]], path: pathlib.Path) -> None:
    """Writes dicts as rows under the union of their keys; missing values become empty cells."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with open_atomically(path) as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
