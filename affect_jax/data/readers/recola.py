"""RECOLA: valence and arousal at 25 Hz, as the gold standard of AVEC or as individual ratings.

- AVEC GES: `<any folders>/{arousal,valence}/dev_1.arff` with Instance_name, frameTime and GoldStandard; a value of "?"
  is unknown.
- Ratings: `<any folders>/{arousal,valence}/train_1.csv` or `P16_..._arousal.csv`, `time;FM1 ;FM2 ;...` with a space
  before the separator and one column per annotator.
"""

import csv
import dataclasses
import pathlib
import re
from collections.abc import Iterator

import numpy as np

from affect_jax.data.readers.collection import LAYOUT, Collection
from affect_jax.data.readers.lists import ListFile, existing_folder
from affect_jax.data.readers.traces import ALL, ClipConfig, Trace, read_trace, resolve_split
from affect_jax.data.recordings import Recordings, has_footage
from affect_jax.data.skipped import SkippedRows
from affect_jax.data.whereabouts import elsewhere, has_hidden_part, log_left_out, visible_files
from affect_jax.files.delimited import read_lines
from affect_jax.quantities.valence_arousal import DIMENSIONS

SPLITS = {"training": "train", "validation": "dev", "test": "test", ALL: ALL}
NAME = re.compile(r"((train|dev|test)_\d+|P\d+)(?![0-9])")
ARFF_TIME, ARFF_VALUE, CSV_TIME = "frameTime", "GoldStandard", "time"
ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+\S+", re.IGNORECASE)
LEVELS = ("", "*/", "*/*/")  # folders between root and arousal/


@dataclasses.dataclass(frozen=True)
class RECOLAConfig(ClipConfig):
    """`split` is training, validation, test, or "all" for the original ratings (P16 etc.), which are in no split."""

    fps: float = 25.0  # frames per second of extracted images; RECOLA was recorded at 25
    labels: str = ""  # folder with arousal/ and valence/, below root; "" = the only one found
    rater: str = ""  # column of an annotator, such as FM1; "" = the mean of all annotators

    def __post_init__(self):
        super().__post_init__()
        resolve_split(self.split, SPLITS)

    @property
    def own_split(self) -> str:
        return resolve_split(self.split, SPLITS)


def recola(config: RECOLAConfig) -> Recordings:
    """Reads all frames of the recordings of a split; each recording is a subject, and a frame needs both dimensions.

    ValueError if too many rows or recordings are unusable; FileNotFoundError for a wrong path.
    """
    root = existing_folder(config.root, f"root is the folder with the labels arousal/ and valence/; {LAYOUT}")
    folder = _folder(root, config.labels)
    found = Collection("recola", config, root, str(folder))
    files = {dimension: _files(folder / dimension, config.split) for dimension in DIMENSIONS}
    for name in sorted(set().union(*files.values())):
        if missing := [dimension for dimension in DIMENSIONS if name not in files[dimension]]:
            raise FileNotFoundError(f"no {missing[0]} of {name} in {folder / missing[0]}; both dimensions are required")
        traces = {}
        for index, dimension in enumerate(DIMENSIONS):
            traces[index], rows = read_ratings(files[dimension][name], config.rater, found.rows)
            found.total_rows += rows
        if (footage := found.footage(name, str(files[DIMENSIONS[0]][name]))) is not None:
            found.add_traces(name, footage, traces, str(files[DIMENSIONS[0]][name]))
    return found.source()


def read_ratings(path: pathlib.Path, rater: str, skipped: SkippedRows) -> tuple[Trace, int]:
    """Reads the gold standard of an ARFF file, or the mean or one column of a ratings table; also counts its rows."""
    if path.suffix == ".arff":
        return read_trace(ArffLines(path), ARFF_TIME, [ARFF_VALUE], skipped)
    lines = ListFile(path, (CSV_TIME,), delimiter=";")
    next(iter(lines), None)
    raters = [column for column in lines.columns if column not in (CSV_TIME, "")]
    if not raters:
        raise ValueError(f"{path} has no rating columns: its columns are {', '.join(lines.columns)}")
    if rater and rater not in raters:
        raise ValueError(f"{path} has no annotator '{rater}'; choose one of {', '.join(raters)}, or '' for the mean")
    trace, rows = read_trace(lines, CSV_TIME, [rater] if rater else raters, skipped)
    return trace._replace(values=trace.values.mean(1, keepdims=True, dtype=np.float64).astype(np.float32)), rows


class ArffLines(ListFile):
    """An ARFF file, read like a list with a header."""

    def __init__(self, path: pathlib.Path):
        super().__init__(path, (ARFF_TIME, ARFF_VALUE))

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        self.columns = []
        data = False
        for number, text in read_lines(self.path):
            if text.startswith("%"):
                continue
            if data:
                yield number, self._cells(number, text)
            elif match := ATTRIBUTE.match(text):
                self.columns.append(match[1].strip("'\""))
            elif data := text.lower() == "@data":
                self._check_attributes(number)
        if not data:
            raise ValueError(f"{self.path} has no @data; is it a complete ARFF file?")

    def _cells(self, number: int, text: str) -> list[str]:
        try:
            return next(csv.reader([text], quotechar="'", skipinitialspace=True))
        except csv.Error as error:
            raise ValueError(f"{self.path}, row {number}: {error}; expected values separated by commas") from error

    def _check_attributes(self, number: int) -> None:
        if missing := [name for name in self.required if name not in self.columns]:
            raise ValueError(
                f"{self.path}, row {number}: attribute {', '.join(missing)} is missing; "
                f"it has {', '.join(self.columns)}, expected {', '.join(self.required)}"
            )


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


def _labels_alone(root: pathlib.Path, option: str) -> str:
    """Says at which other level labels lie, as the end of a message about an option."""
    return elsewhere(root, lambda top: bool(_dimensions(top)), option)


def _dimensions(top: pathlib.Path) -> list[pathlib.Path]:
    """Finds the folders that have both dimensions."""
    found = sorted({path.parent for level in LEVELS for path in top.glob(f"{level}arousal")})
    return [folder for folder in found if (folder / "valence").is_dir() and not has_hidden_part(folder, top)]


def _files(folder: pathlib.Path, split: str) -> dict[str, pathlib.Path]:
    """Finds the label files by recording; ValueError if a recording has two."""
    wanted = resolve_split(split, SPLITS)
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
