"""Where data lie: a folder level too many or too few, and what lies there under a name that no reader knows."""

import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from absl import logging

from affect_jax.files.kinds import is_hidden, printable

LEVELS = 2  # folder levels searched above and below root
MOST_FOLDERS = 500  # folders looked into, for data sets with a folder for each recording


def elsewhere(root: pathlib.Path, is_there: Callable[[pathlib.Path], bool], option: str = "root") -> str:
    """Says at which other folder level something lies, as the end of a message; "" if it is not found."""
    for folder in _other_levels(root):
        if is_there(folder):
            return f"; it lies in {folder}: set {option} to that folder"
    return ""


def too_deep(folder: pathlib.Path, is_there: Callable[[pathlib.Path], bool]) -> str:
    """Says that what belongs in a folder lies below it, as the end of a message; "" if it is not found."""
    for below in _levels_below(folder):
        if is_there(below):
            return f"; they lie a folder level too deep, in {below}: move the content of that folder to {folder}"
    return ""


def _other_levels(root: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields the folders below root, level by level, then those above it."""
    yield from _levels_below(root)
    yield from root.absolute().parents[:LEVELS]


def _levels_below(root: pathlib.Path) -> Iterator[pathlib.Path]:
    level, seen = [root], 0
    for _ in range(LEVELS):
        level = [folder for above in level for folder in visible_folders(above)]
        for folder in level[: MOST_FOLDERS - seen]:
            seen += 1
            yield folder


def visible_folders(path: pathlib.Path) -> list[pathlib.Path]:
    """Lists the folders in a folder, without those that other systems leave there; none if it cannot be listed."""
    try:
        return sorted(entry for entry in path.iterdir() if entry.is_dir() and not is_hidden(entry.name))
    except OSError:
        return []


def visible_files(path: pathlib.Path) -> list[pathlib.Path]:
    """Lists the files in a folder, without those that other systems leave there."""
    return sorted(entry for entry in path.iterdir() if not is_hidden(entry.name) and not entry.is_dir())


def has_hidden_part(path: pathlib.Path, root: pathlib.Path) -> bool:
    """Whether a path lies in a folder that another system left below root, or is such a file itself."""
    return any(is_hidden(part) for part in path.relative_to(root).parts)


def describe(paths: Sequence[pathlib.Path], root: pathlib.Path) -> str:
    """Counts paths and names the first, relative to root: "25 (first suprise/S001.png)"."""
    first = min(paths)
    return f"{len(paths)} (first {printable(first.relative_to(root) if first.is_relative_to(root) else first)})"


def log_left_out(root: pathlib.Path, by_reason: Mapping[str, Sequence[pathlib.Path]]) -> None:
    """Warns once about what a reader leaves out, by reason, with the first name of each."""
    parts = [f"{reason}: {describe(paths, root)}" for reason, paths in by_reason.items() if paths]
    if parts:
        logging.warning("%s: left out: %s", root, "; ".join(parts))
