"""AffectNet's manual and automatic annotation lists, and folders in the same layout.

Landmarks of the list are in pixels as stored, so EXIF turns are not obeyed here. AffectNet names no subjects: each
picture is its own.
"""

import csv
import dataclasses
import pathlib
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from affect_jax.data import picture
from affect_jax.data.readers.affectnet_rows import COLUMNS, EMOTIONS, REQUIRED, Row, RowFault, parse
from affect_jax.data.skipped import SkippedRows
from affect_jax.data.source import PictureFiles, Table, no_labels
from affect_jax.ops.geometry import EMONET_SIDE

LIST_FOLDERS = ("", "Manually_Annotated_file_lists", "Automatically_annotated_file_list")
IMAGE_FOLDERS = (
    *("", "Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images"),
    *("Automatically_Annotated_Images", "Automatically_Annotated/Automatically_Annotated_Images"),
)
SPLIT_ALIASES = {"train": "training", "val": "validation"}
NOTHING_LABELLED = "row has no label"


@dataclasses.dataclass(frozen=True)
class AffectNetConfig:
    """`split` is the name of a list without ".csv": "training", "validation", "automatically_annotated"."""

    root: str
    split: str = "training"
    images: str = ""  # folder the paths of the list start from; "" = found by looking
    strict: bool = False  # an invalid row raises instead of being skipped
    max_skipped_fraction: float = 0.01  # of all rows, before the run stops
    skipped_csv: str = ""  # file the skipped rows are added to
    check_images: bool = True  # look at both ends of every picture file first
    subject_pattern: str = ""  # regular expression whose group 1 is the person, over a picture's name without ending;
    # "" = AffectNet names nobody, each picture is its own person
    box_side_ratio: float = EMONET_SIDE  # crop side over the face box's mean side, for rows without landmarks


def affectnet(config: AffectNetConfig) -> PictureFiles:
    """The usable rows of one list, in its order.

    ValueError for a list without a needed column, and for too many unusable rows; FileNotFoundError for a wrong path.
    """
    list_path = _find_list(config)
    numbered, total, skipped = _read_rows(list_path, config)
    images = _find_images(config, list_path, [row.path for _, row in numbered])
    paths = [str(images / row.path) for _, row in numbered]
    reasons = [""] * len(paths)
    if config.check_images:
        with ThreadPoolExecutor(8) as pool:  # waits of a network disk overlap
            reasons = list(pool.map(picture.fault, paths, chunksize=256))
    kept = []
    for (number, row), path, reason in zip(numbered, paths, reasons, strict=True):
        if reason and config.strict:
            raise ValueError(f"{list_path}, row {number}: {reason}; expected a whole picture at {path}")
        if reason:
            skipped.faults.append((path, number, reason))
        else:
            kept.append((number, row, path))
    skipped.finish(total)
    if not kept:
        raise ValueError(f"{list_path} holds no usable row of {total}: {skipped.counts()}; is this an AffectNet list?")
    return _source(kept, list_path, config)


def _find_list(config: AffectNetConfig) -> pathlib.Path:
    root = pathlib.Path(config.root)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}; root is the folder that holds the AffectNet lists and images")
    name = SPLIT_ALIASES.get(config.split, config.split) + ".csv"
    for folder in LIST_FOLDERS:
        if (root / folder / name).is_file():
            return root / folder / name
    lists = sorted({path.stem for folder in LIST_FOLDERS for path in (root / folder).glob("*.csv")})
    places = ", ".join(str(root / folder) for folder in LIST_FOLDERS)
    raise FileNotFoundError(f"no {name} in {places}; splits found there: {', '.join(lists) or 'none'}")


def _read_rows(list_path: pathlib.Path, config: AffectNetConfig) -> tuple[list[tuple[int, Row]], int, SkippedRows]:
    """Rows with their line number, the number of all rows, and what was skipped so far."""
    skipped = SkippedRows(str(list_path), config.max_skipped_fraction, config.skipped_csv)
    rows, total = [], 0
    with open(list_path, newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        columns = None
        for cells in lines:
            if not cells:
                continue
            if columns is None:
                columns = _header(cells, list_path)
                if columns == cells:
                    continue
            total += 1
            try:
                row = parse(columns, cells)
            except RowFault as error:
                if config.strict:
                    raise ValueError(f"{list_path}, row {lines.line_num}: {error}") from None
                skipped.faults.append((str(list_path), lines.line_num, error.reason))
                continue
            reason = row.left_out or ("" if row.labelled else NOTHING_LABELLED)
            if reason:
                skipped.left_out.append((row.path, lines.line_num, reason))
            else:
                rows.append((lines.line_num, row))
    return rows, total, skipped


def _header(cells: list[str], list_path: pathlib.Path) -> list[str]:
    """Column names: the first line, or AffectNet's own order where the first line is data already."""
    if any(cell.strip() in COLUMNS for cell in cells):
        cells[:] = [cell.strip() for cell in cells]
        if missing := [column for column in REQUIRED if column not in cells]:
            raise ValueError(
                f"{list_path}, row 1: column {', '.join(missing)} is missing; the header has {', '.join(cells)}. "
                f"Expected {', '.join(REQUIRED)}, and for the crop facial_landmarks or face_x ... face_height"
            )
        return cells
    if len(cells) != len(COLUMNS):
        raise ValueError(
            f"{list_path}, row 1: neither a header nor {len(COLUMNS)} values but '{','.join(cells)[:60]}'; "
            f"expected the columns {', '.join(COLUMNS)}"
        )
    return list(COLUMNS)


def _find_images(config: AffectNetConfig, list_path: pathlib.Path, names: list[str]) -> pathlib.Path:
    """The folder where at least one of the first pictures lies."""
    root = pathlib.Path(config.root)
    folders = [root / folder for folder in IMAGE_FOLDERS]
    if config.images:
        folders = [pathlib.Path(config.images)]
    tried = names[:100]
    for folder in folders:
        if not tried or any((folder / name).is_file() for name in tried):
            return folder
    raise FileNotFoundError(
        f"none of the first {len(tried)} pictures of {list_path} (such as {tried[0]}) lies under "
        f"{', '.join(map(str, folders))}; set `images` to the folder the paths of the list start from"
    )


def _source(kept: list[tuple[int, Row, str]], list_path: pathlib.Path, config: AffectNetConfig) -> PictureFiles:
    labels = no_labels(len(kept), EMOTIONS)
    boxes = np.zeros((len(kept), 3), np.int64)
    names, seen = [], set()
    for index, (number, row, _) in enumerate(kept):
        if row.valence_arousal is not None:
            labels.valence_arousal[index], labels.valence_arousal_weight[index] = row.valence_arousal, 1
        if row.emotion is not None:
            labels.emotion[index, row.emotion] = labels.emotion_weight[index] = 1
        if row.landmarks is not None:
            labels.landmarks[index], labels.landmarks_weight[index] = row.landmarks, 1
        elif row.box is not None:
            left, top, width, height = row.box
            side = round((width + height) / 2 * config.box_side_ratio)
            boxes[index] = round(left + (width - side) / 2), round(top + (height - side) / 2), side
        names.append(row.path if row.path not in seen else f"{row.path}#row{number}")
        seen.add(row.path)
    count = len(kept)
    table = Table(
        names=names,
        subjects=[_subject(row.path, config.subject_pattern) for _, row, _ in kept],
        clips=[""] * count,
        frames=np.zeros(count, np.int64),
        time_seconds=np.zeros(count),
        labels=labels,
    )
    places = [f"{list_path}, row {number}" for number, *_ in kept]
    return PictureFiles("affectnet_8", table, [path for *_, path in kept], places, upright=False, boxes=boxes)


def _subject(path: str, pattern: str) -> str:
    """The person on a picture; one that the pattern does not fit stands for itself."""
    picture_path = pathlib.PurePosixPath(path)
    found = re.fullmatch(pattern, picture_path.stem) if pattern else None
    return found[1] if found else str(picture_path.with_suffix(""))
