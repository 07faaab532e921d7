"""Files that appear whole or not at all."""

import contextlib
import csv
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO


def part_of(path: pathlib.Path) -> pathlib.Path:
    """The name that a file bears until it is complete; another for each process, so that none takes another's away."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


@contextlib.contextmanager
def whole(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A place beside `path` to write to; it takes the name `path` when the block ends, and goes if an error ends it."""
    part = part_of(path)
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[TextIO]:
    """A text file that takes its name only when it is complete; see `whole`."""
    with whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        yield file


def write_bytes(data: bytes, path: pathlib.Path) -> None:
    """A file with these contents, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_bytes(data)


def write_csv(lines: Sequence[Mapping[str, object]], path: pathlib.Path) -> None:
    """Dicts as lines under the union of their keys; what a line lacks is an empty cell."""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    with replacing(path) as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(lines)
