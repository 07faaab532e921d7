"""SEWA as distributed for the AVEC 2018 and 2019 challenges (CES): labels at 10 Hz, one file per recording.

`labels/Devel_DE_01.csv` with `name;timestamp;arousal;valence;liking`, names in single quotes; the test labels were not
released. Liking is not read. The layout of the original SEWA database is not documented in public code and not
supported.
"""

import dataclasses
import functools
import pathlib
import re

from affect_jax.data.readers.collection import LAYOUT, Collection
from affect_jax.data.readers.lists import ListFile, existing_folder
from affect_jax.data.readers.traces import ClipConfig, read_trace, resolve_split, split_dimensions
from affect_jax.data.recordings import Recordings
from affect_jax.data.skipped import RowFault
from affect_jax.data.whereabouts import elsewhere, log_left_out, visible_files

SPLITS = {"training": "Train", "validation": "Devel", "test": "Test"}
COLUMNS = ("name", "timestamp", "arousal", "valence")
NAME = re.compile(r"(Train|Devel|Test)_([A-Z]{2})_\d+")
RATED = ("arousal", "valence")


@dataclasses.dataclass(frozen=True)
class SEWAConfig(ClipConfig):
    """`root` contains labels/ and the recordings, or is labels/ itself; `split` is training, validation or test."""

    cultures: tuple[str, ...] = ()  # such as DE, HU, CN; () = all available

    def __post_init__(self):
        super().__post_init__()
        resolve_split(self.split, SPLITS)

    @property
    def own_split(self) -> str:
        return resolve_split(self.split, SPLITS)


def sewa(config: SEWAConfig) -> Recordings:
    """Reads all frames of the recordings of a split, interpolating labels; each recording is a subject.

    ValueError if too many rows or recordings are unusable; FileNotFoundError for a wrong path.
    """
    root = existing_folder(config.root, f"root is the folder with labels/Train_DE_01.csv...; {LAYOUT}")
    folder = root / "labels" if (root / "labels").is_dir() else root
    found = Collection("sewa", config, root, str(folder))
    for path in _files(folder, config):
        lines = ListFile(path, COLUMNS, delimiter=";", quote="'")
        trace, rows = read_trace(lines, "timestamp", RATED, found.rows, functools.partial(_check_name, path.stem))
        found.total_rows += rows
        if (footage := found.footage(path.stem, str(path))) is not None:
            found.add_traces(path.stem, footage, split_dimensions(trace, RATED), str(path))
    return found.source()


def _files(folder: pathlib.Path, config: SEWAConfig) -> list[pathlib.Path]:
    word = config.own_split
    named = _named(folder)
    others = [path for path in visible_files(folder) if path not in named]
    log_left_out(folder, {"no name such as Devel_DE_01.csv": others})
    chosen = [
        path
        for path, match in named.items()
        if match[1] == word and (not config.cultures or match[2] in config.cultures)
    ]
    missing = sorted(set(config.cultures) - {match[2] for match in named.values() if match[1] == word})
    if not chosen or missing:
        existing = ", ".join(sorted({f"{match[1]}_{match[2]}" for match in named.values()})) or "none"
        wanted = " or ".join(f"{word}_{culture}_01.csv" for culture in missing or config.cultures or ("DE",))
        hint = "" if named else elsewhere(folder, lambda top: bool(_named(top) or _named(top / "labels")))
        raise FileNotFoundError(f"no labels such as {wanted} in {folder}; found: {existing}{hint}")
    return chosen


def _named(folder: pathlib.Path) -> dict[pathlib.Path, re.Match]:
    return {path: match for path in sorted(folder.glob("*.csv")) if (match := NAME.fullmatch(path.stem))}


def _check_name(stem: str, row: dict[str, str]) -> None:
    if row["name"] != stem:
        raise RowFault("name is that of another recording", f"{row['name'][:40]}, expected {stem}")
