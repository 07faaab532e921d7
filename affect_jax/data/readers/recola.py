"""RECOLA: valence and arousal at 25 Hz, as the gold standard of AVEC or as individual ratings.

- AVEC GES: `<any folders>/{arousal,valence}/dev_1.arff` with Instance_name, frameTime and GoldStandard; a value of "?"
  is unknown.
- Ratings: `<any folders>/{arousal,valence}/train_1.csv` or `P16_..._arousal.csv`, `time;FM1 ;FM2 ;...` with a space
  before the separator and one column per annotator.

Splits are those of AVEC, or the source and target people of studies of personalization (`recola_people`).
"""

import dataclasses
import pathlib
import re
from collections.abc import Mapping
from typing import Any

from affect_jax.data import without_effect
from affect_jax.data.readers.collection import LAYOUT, Collection
from affect_jax.data.readers.lists import existing_folder
from affect_jax.data.readers.recola_people import HALVES, Halves, can_share, check_listed, divide
from affect_jax.data.readers.recola_ratings import read_ratings, warn_of_missing_raters
from affect_jax.data.readers.traces import ALL, ClipConfig, resolve_split
from affect_jax.data.recordings import Recordings, footage_path, has_footage
from affect_jax.data.whereabouts import elsewhere, has_hidden_part, log_left_out, visible_files
from affect_jax.quantities.valence_arousal import DIMENSIONS

SPLITS = {"training": "train", "validation": "dev", "test": "test", ALL: ALL, **{half: half for half in HALVES}}
NAME = re.compile(r"((train|dev|test)_\d+|P\d+)(?![0-9])")
LEVELS = ("", "*/", "*/*/")  # folders between root and arousal/


@dataclasses.dataclass(frozen=True)
class RECOLAConfig(ClipConfig):
    """`split` is training, validation, test, "all" also for the original ratings (P16 etc.), sources or targets.

    `sources` and `targets` name recordings of these two splits; of one that is empty, it is all others, and if both
    are, they are divided by a rule (`recola_people`).
    """

    fps: float = 25.0  # frames per second of extracted images; RECOLA was recorded at 25
    labels: str = ""  # folder with arousal/ and valence/, below root; "" = the only one found
    rater: str = ""  # column of an annotator, such as FM1; "" = the mean of all annotators
    sources: tuple[str, ...] = ()  # people that are learned from, such as P16 or train_1
    targets: tuple[str, ...] = ()  # people that are adapted to

    def __post_init__(self):
        super().__post_init__()
        resolve_split(self.split, SPLITS)
        check_listed(self.halves)

    @property
    def own_split(self) -> str:
        return resolve_split(self.split, SPLITS)

    @property
    def halves(self) -> Halves:
        """The people that were listed."""
        return Halves(self.sources, self.targets)

    def shares_subjects(self, other: Any) -> bool:
        """Whether a recording can be in both, as far as it is known before the labels are read."""
        return can_share(self.own_split, self.halves, other.own_split, other.halves)


def recola(config: RECOLAConfig) -> Recordings:
    """Reads all frames of the recordings of a split; each recording is a subject, and a frame needs both dimensions.

    ValueError if too many rows or recordings are unusable; FileNotFoundError for a wrong path.
    """
    root = existing_folder(config.root, f"root is the folder with the labels arousal/ and valence/; {LAYOUT}")
    folder = _folder(root, config.labels)
    found = Collection("recola", config, root, str(folder))
    files = {dimension: _files(folder / dimension, config.split) for dimension in DIMENSIONS}
    raters: dict[pathlib.Path, tuple[str, ...]] = {}
    for name in _names(config, root, folder, files):
        traces = {}
        for index, dimension in enumerate(DIMENSIONS):
            path = files[dimension][name]
            traces[index], rows, raters[path] = read_ratings(path, config.rater, found.rows)
            found.total_rows += rows
        if (footage := found.footage(name, str(files[DIMENSIONS[0]][name]))) is not None:
            found.add_traces(name, footage, traces, str(files[DIMENSIONS[0]][name]))
    if not config.rater:
        warn_of_missing_raters(raters)
    return found.source()


def _names(
    config: RECOLAConfig, root: pathlib.Path, folder: pathlib.Path, files: Mapping[str, Mapping[str, pathlib.Path]]
) -> list[str]:
    """The recordings of the split; FileNotFoundError if one has labels of one dimension only."""
    names = sorted(set().union(*files.values()))
    if config.own_split in HALVES:
        is_recorded = lambda name: footage_path(root, name) is not None
        names = sorted(getattr(divide(names, config.halves, is_recorded, str(folder)), config.own_split))
    else:
        without_effect.warn(config, dict.fromkeys(HALVES, f"split is '{config.split}'"), "recola")
    for name in names:
        if missing := [dimension for dimension in DIMENSIONS if name not in files[dimension]]:
            raise FileNotFoundError(f"no {missing[0]} of {name} in {folder / missing[0]}; both dimensions are required")
    return names


def _folder(root: pathlib.Path, labels: str) -> pathlib.Path:
    top = root / labels
    found = _dimensions(top)
    if len(found) == 1:
        return found[0]
    if not found:
        raise FileNotFoundError(
            f"no folders arousal/ and valence/ in {top}, expected files such as dev_1.arff in them"
            + (
                _whole(root, labels)
                or elsewhere(root, lambda top: bool(_dimensions(top)), "labels" if labels else "root")
            )
        )
    names = ", ".join(folder.relative_to(root).as_posix() for folder in found)
    hint = "" if has_footage(root) else _whole(root, labels)
    raise ValueError(f"{top} has several sets of labels: {names}; set labels to one of them{hint}")


def _whole(root: pathlib.Path, labels: str) -> str:
    """Says at which other level labels and recordings lie together, as the end of a message."""
    return elsewhere(root, lambda top: has_footage(top) and bool(_dimensions(top / labels)))


def _dimensions(top: pathlib.Path) -> list[pathlib.Path]:
    """Finds the folders that have both dimensions."""
    found = sorted({path.parent for level in LEVELS for path in top.glob(f"{level}arousal")})
    return [folder for folder in found if (folder / "valence").is_dir() and not has_hidden_part(folder, top)]


def _files(folder: pathlib.Path, split: str) -> dict[str, pathlib.Path]:
    """Finds the label files by recording; ValueError if a recording has two."""
    wanted = resolve_split(split, SPLITS)
    wanted = ALL if wanted in HALVES else wanted
    found, others, unknown = {}, set(), []
    for path in visible_files(folder):
        match = NAME.match(path.stem)
        if match is None or path.suffix not in (".arff", ".csv"):
            unknown.append(path)
            continue
        if wanted not in (ALL, match[2]):
            others.add(match[2] or ALL)
        elif match[1] in found:
            raise ValueError(f"{folder} has {match[1]} twice: {found[match[1]].name} and {path.name}; keep one")
        else:
            found[match[1]] = path
    log_left_out(folder, {"no name such as dev_1.arff or P16.csv": unknown})
    if not found:
        existing = f"; found files of {', '.join(sorted(others))}" if others else ""
        raise FileNotFoundError(
            f"no labels of split '{split}' in {folder}, expected files such as dev_1.arff or P16.csv{existing}"
        )
    return found
