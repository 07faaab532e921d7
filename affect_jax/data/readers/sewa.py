"""SEWA in the form of the AVEC 2018 and 2019 cross-cultural challenges (CES): labels at 10 Hz, one file a recording.

`labels/Devel_DE_01.csv` with `name;timestamp;arousal;valence;liking`, names in single quotes; the labels of Test were
not handed out. Liking is not read. The data base's own download has another layout, which stands in no public code and
is not read.
"""

import dataclasses
import functools
import pathlib
import re

from affect_jax.data.readers.rows import ListFile, existing_folder
from affect_jax.data.readers.traces import (
    LAYOUT,
    ClipConfig,
    Collection,
    affect_dimensions,
    rated_recording,
    read_trace,
    resolve_split,
)  # fmt: skip
from affect_jax.data.recordings import Recordings
from affect_jax.data.skipped import RowFault

SPLITS = {"training": "Train", "validation": "Devel", "test": "Test"}
COLUMNS = ("name", "timestamp", "arousal", "valence")
NAME = re.compile(r"(Train|Devel|Test)_([A-Z]{2})_\d+")
RATED = ("arousal", "valence")


@dataclasses.dataclass(frozen=True)
class SEWAConfig(ClipConfig):
    """`root` holds labels/ and the recordings, or is labels/ itself; `split` is training, validation or test."""

    cultures: tuple[str, ...] = ()  # such as DE, HU, CN; () = all that are there

    def __post_init__(self):
        super().__post_init__()
        resolve_split(self.split, SPLITS)

    @property
    def own_split(self) -> str:
        return resolve_split(self.split, SPLITS)


def sewa(config: SEWAConfig) -> Recordings:
    """All frames of the recordings of a split; each recording is a subject. Labels are interpolated between samples.

    ValueError for too many unusable rows or recordings; FileNotFoundError for a wrong path.
    """
    root = existing_folder(config.root, f"root is the folder of labels/Train_DE_01.csv...; {LAYOUT}")
    folder = root / "labels" if (root / "labels").is_dir() else root
    found = Collection(config, root, str(folder))
    for path in _files(folder, config):
        lines = ListFile(path, COLUMNS, delimiter=";", quote="'")
        trace, rows = read_trace(lines, "timestamp", RATED, found.rows, functools.partial(_of_file, path.stem))
        found.total_rows += rows
        if (footage := found.footage(path.stem, str(path))) is not None:
            recording = rated_recording(path.stem, path.stem, footage, affect_dimensions(trace, RATED))
            found.add(recording, str(path))
    return found.source()


def _files(folder: pathlib.Path, config: SEWAConfig) -> list[pathlib.Path]:
    word = config.own_split
    named = {path: match for path in sorted(folder.glob("*.csv")) if (match := NAME.fullmatch(path.stem))}
    chosen = [
        path
        for path, match in named.items()
        if match[1] == word and (not config.cultures or match[2] in config.cultures)
    ]
    lacking = sorted(set(config.cultures) - {match[2] for match in named.values() if match[1] == word})
    if not chosen or lacking:
        there = ", ".join(sorted({f"{match[1]}_{match[2]}" for match in named.values()})) or "none"
        wanted = " or ".join(f"{word}_{culture}_01.csv" for culture in lacking or config.cultures or ("DE",))
        raise FileNotFoundError(f"no labels such as {wanted} in {folder}; found there: {there}")
    return chosen


def _of_file(stem: str, row: dict[str, str]) -> None:
    if row["name"] != stem:
        raise RowFault("name is another recording's", f"{row['name'][:40]}, expected {stem}")
