"""RAF-DB basic emotions: `EmoLabel/list_patition_label.txt` [sic] and `Image/aligned` or `Image/original`."""

import dataclasses
import pathlib
import re

import numpy as np

from affect_jax import emotions
from affect_jax.data import without_effect
from affect_jax.data.image_source import ImageFiles
from affect_jax.data.readers.cell_values import parse_integer
from affect_jax.data.readers.lists import (
    MOST_BOX_PX,
    ImageListConfig,
    check_image_files,
    existing_folder,
    image_table,
    one_hot,
    square_around_box,
)
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere
from affect_jax.data.whole_images import file_sizes, require_crops
from affect_jax.files.delimited import read_lines
from affect_jax.files.image_files import IMPOSSIBLE
from affect_jax.files.paths import is_possible

LABEL_SET = "raf_db_7"
LISTS = ("EmoLabel/list_patition_label.txt", "EmoLabel/list_partition_label.txt", "list_patition_label.txt")
TOPS = ("", "basic", "Basic")
SPLITS = {"training": "train", "train": "train", "test": "test", "validation": "test"}
IMAGES = {"aligned": "Image/aligned/{}_aligned.jpg", "original": "Image/original/{}.jpg"}
MEANING = ", ".join(f"{code} {name}" for code, name in enumerate(emotions.names(LABEL_SET), 1))
BOX_FILE = "Annotation/boundingbox/{}_boundingbox.txt"  # left top right bottom, in px of the original


@dataclasses.dataclass(frozen=True)
class RAFDBConfig(ImageListConfig):
    """`root` is the folder with EmoLabel and Image, or its parent; `split` is training or test.

    "validation" is the test split, because there is no other.
    """

    images: str = "aligned"  # aligned (100 px faces; the crop is the whole image) | original
    box_side_ratio: float = 1.5  # crop side / mean side of the face box of an original image; our choice
    allow_whole_images: bool = False  # use whole original images without a face box, although they are not face crops

    def __post_init__(self):
        super().__post_init__()
        if self.split not in SPLITS:
            raise ValueError(f"split is '{self.split}'; choose one of {', '.join(SPLITS)}")
        if self.images not in IMAGES:
            raise ValueError(f"images is '{self.images}'; choose one of {', '.join(IMAGES)}")
        if not self.box_side_ratio > 0:
            raise ValueError(f"box_side_ratio is {self.box_side_ratio}; it must be above 0")

    @property
    def own_split(self) -> str:
        return SPLITS[self.split]


def raf_db(config: RAFDBConfig) -> ImageFiles:
    """Reads the usable faces of one split, in the order of the list; each image is its own subject.

    ValueError if too many rows are unusable; FileNotFoundError for a wrong path.
    """
    top, path = _find_list(config)
    skipped = config.skipped(path)
    rows, total = _read(path, config.own_split, skipped)
    paths = [str(top / IMAGES[config.images].format(name)) for _, name, _ in rows]
    reasons = [check.reason for check in check_image_files(paths)] if config.check_images else [""] * len(paths)
    if config.images == "aligned":
        without_effect.warn(config, {"box_side_ratio": "aligned images are not cropped"}, str(top))
    kept, boxes = [], []
    for (number, name, emotion), file, reason in zip(rows, paths, reasons, strict=True):
        try:
            if reason:
                raise RowFault(reason, f"expected a complete image at {file}")
            boxes.append(_box(top / BOX_FILE.format(name), config) if config.images == "original" else (0, 0, 0))
            kept.append((number, name, emotion, file))
        except RowFault as fault:
            skipped.refuse(file, number, fault)
    skipped.finish(total)
    if not kept:
        raise ValueError(f"{path} has no usable rows among {total}: {skipped.counts()}; is split {config.split} right?")
    numbers, names, named, files = zip(*kept, strict=True)
    if whole := [file for file, (*_, side) in zip(files, boxes, strict=True) if not side]:
        how = f"unpack Annotation/boundingbox into {top}, or set images=aligned"
        require_crops("raf_db", path, file_sizes(whole), config.allow_whole_images, how)
    labels = unlabeled(len(kept), LABEL_SET, ("emotion",))
    labels["emotion"].value[:] = one_hot(named, len(emotions.names(LABEL_SET)))
    labels["emotion"].weight[:] = 1
    places = [f"{path}, row {number}" for number in numbers]
    cut = np.array(boxes, np.int64) if config.images == "original" else None
    return ImageFiles(LABEL_SET, image_table(names, names, labels), files, places, boxes=cut, upright=cut is None)


def _find_list(config: RAFDBConfig) -> tuple[pathlib.Path, pathlib.Path]:
    """Returns the folder with the images, and the list; FileNotFoundError says at which other level they lie."""
    root = existing_folder(config.root, f"root is the folder that contains {LISTS[0]} and Image")
    lists = _lists(root)
    if not lists:
        hint = elsewhere(root, lambda top: bool(_lists(top)))
        raise FileNotFoundError(f"no {LISTS[0]} in {root}; root is the folder that contains it and Image{hint}")
    folder = pathlib.PurePath(IMAGES[config.images]).parent
    for top, path in lists:
        if (top / folder).is_dir():
            return top, path
    hint = elsewhere(root, lambda other: any((top / folder).is_dir() for top, _ in _lists(other)))
    raise FileNotFoundError(f"no folder {lists[0][0] / folder}, expected the images of {lists[0][1]} in it{hint}")


def _lists(root: pathlib.Path) -> list[tuple[pathlib.Path, pathlib.Path]]:
    """Finds the lists in a root, each with the folder where its images are expected."""
    places = [(root / top, root / top / name) for top in TOPS for name in LISTS]
    return [(top, path) for top, path in places if path.is_file()]


def _read(path: pathlib.Path, prefix: str, skipped: SkippedRows) -> tuple[list[tuple[int, str, int]], int]:
    """Reads (line, name without suffix, emotion) of the rows of a split, and its row count including unusable ones."""
    rows, total = [], 0
    for number, line in read_lines(path):
        total += 1
        try:
            cells = re.split(r"[\s,;]+", line.strip(",; "))
            if len(cells) != 2:
                raise RowFault("wrong number of cells", f"'{line[:60]}', expected for example 'train_00001.jpg 5'")
            name = pathlib.PurePosixPath(cells[0]).stem
            if not is_possible(name):
                raise RowFault(IMPOSSIBLE, f"'{name[:60]}...'")
            if not name.startswith(("train_", "test_")):
                raise RowFault("image is in no split", f"'{cells[0][:60]}' starts with neither train_ nor test_")
            if not name.startswith(f"{prefix}_"):
                total -= 1
                continue
            rows.append((number, name, parse_integer("emotion", cells[1], 7, MEANING, lowest=1) - 1))
        except RowFault as fault:
            skipped.refuse(str(path), number, fault)
    return rows, total


def _box(path: pathlib.Path, config: RAFDBConfig) -> tuple[int, int, int]:
    """Returns the square to crop from an original image; (0, 0, 0), the whole image, if there is no box."""
    if not path.is_file():
        return 0, 0, 0
    try:
        left, top, right, bottom = (float(cell) for cell in path.read_text(errors="replace").split())
    except ValueError:
        raise RowFault("face box is not four numbers", f"{path}, expected left top right bottom in px") from None
    if not (np.isfinite((left, top, right, bottom)).all() and right > left and bottom > top):
        raise RowFault("face box is empty", f"{path} has {left:g} {top:g} {right:g} {bottom:g}")
    if max(abs(left), abs(top), abs(right), abs(bottom)) > MOST_BOX_PX:
        raise RowFault("face box is beyond any image", f"{path} has {left:g} {top:g} {right:g} {bottom:g}")
    return square_around_box(left, top, right - left, bottom - top, config.box_side_ratio)
