"""A folder of persons: which files in it are whose."""

import glob
import os
import pathlib

from affect_jax.files.paths import is_single_name

ADAPTER, BASELINE = ".safetensors", ".baseline.json"  # endings behind the name of the person


def adapter_path(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The file with the adapter of a person; ValueError for a name that could leave the folder."""
    if not is_single_name(name):
        raise ValueError(f"'{name}' is no name of a person; expected one without '/', such as anna")
    return folder / f"{name}{ADAPTER}"


def names_in(folder: pathlib.Path) -> list[str]:
    """The persons with an adapter, in the order of their names."""
    found = [path.name.removesuffix(ADAPTER) for path in folder.glob(f"*{ADAPTER}") if path.is_file()]
    return sorted(name for name in found if is_single_name(name))


def files_of(folder: pathlib.Path, name: str) -> list[pathlib.Path]:
    """Everything of a person that exists, also what a command that was killed has left."""
    stem = adapter_path(folder, name).name.removesuffix(ADAPTER)
    found = []
    for ending in (ADAPTER, BASELINE):
        path = folder / f"{stem}{ending}"
        left = folder.glob(f"{glob.escape(path.name)}.*.part")
        found += [path] * os.path.lexists(path)
        found += sorted(part for part in left if part.name.removeprefix(path.name)[1:-5].isdecimal())
    return found
