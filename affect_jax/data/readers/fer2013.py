"""FER2013: 48 x 48 grayscale faces stored as text, one per row."""

import dataclasses
import pathlib
import re
from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from affect_jax import emotions
from affect_jax.data.gray_images import GrayImages
from affect_jax.data.readers.cell_values import parse_emotion
from affect_jax.data.readers.lists import ListConfig, ListFile, image_table, one_hot
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere

LABEL_SET = "fer2013_7"
SIDE_PX = 48
FILES = ("fer2013.csv", "icml_face_data.csv", "train.csv")  # the last is Kaggle's, without Usage
REQUIRED = ("emotion", "pixels")
USAGES = ("Training", "PublicTest", "PrivateTest")
SPLIT_ALIASES = {"train": "training", "validation": "publictest", "val": "publictest", "test": "privatetest"}


@dataclasses.dataclass(frozen=True)
class FER2013Config(ListConfig):
    """`root` is fer2013.csv or its folder; `split` is training, public_test or private_test.

    "validation" and "test" are aliases of the last two.
    """

    def __post_init__(self):
        super().__post_init__()
        usage(self.split)

    @property
    def own_split(self) -> str:
        return usage(self.split)


def fer2013(config: FER2013Config) -> GrayImages:
    """Reads the usable faces of one split, in the order of the list; each image is its own subject.

    ValueError if a required column is missing or too many rows are unusable; FileNotFoundError for a wrong path.
    """
    path = find_list(config.root)
    skipped = config.skipped(path)
    kept = list(pixel_rows(path, config.split, emotions.names(LABEL_SET), skipped))
    return gray_faces(LABEL_SET, kept, f"{path}, split {config.split}")


def usage(split: str) -> str:
    """Returns the value of the Usage column for a split; ValueError lists the splits."""
    word = split.replace("_", "").lower()
    word = SPLIT_ALIASES.get(word, word)
    for known in USAGES:
        if known.lower() == word:
            return known
    raise ValueError(f"split is '{split}'; choose training, public_test (validation) or private_test (test)")


def find_list(root: str, files: tuple[str, ...] = FILES) -> pathlib.Path:
    """Finds the list at a path or in a folder; FileNotFoundError lists the names searched for."""
    path = pathlib.Path(root)
    for candidate in [path] + [path / name for name in files]:
        if candidate.is_file():
            return candidate
    lists = [entry.name for entry in sorted(path.glob("[!.]*.csv"))]
    found = f"; it has {', '.join(lists[:3])}, whose path may be given instead" if lists else ""
    hint = elsewhere(path, lambda top: any((top / name).is_file() for name in files))
    raise FileNotFoundError(
        f"no list at {path}: expected {' or '.join(files)} in it, or the path of such a file{found}{hint}"
    )


def pixel_rows(
    path: pathlib.Path, split: str, names: tuple[str, ...], skipped: SkippedRows
) -> Iterator[tuple[str, int, UInt8[np.ndarray, "48 48"]]]:
    """Yields (name, emotion, image) for each usable row of a split; writes the skipped rows at the end."""
    wanted, lines, total = usage(split), ListFile(path, REQUIRED), 0
    for number, cells in lines:
        total += 1
        try:
            row = lines.named(cells)
            if _read_usage(row, path, wanted) != wanted:
                total -= 1
                continue
            emotion = parse_emotion("emotion", row["emotion"], names)
            face = parse_pixels(row["pixels"])
        except RowFault as fault:
            skipped.refuse(str(path), number, fault)
        else:
            yield f"{wanted}/{number}", emotion, face
    skipped.finish(total)


def _read_usage(row: dict[str, str], path: pathlib.Path, wanted: str) -> str:
    """Returns the Usage of a row; a list without that column belongs to the training split."""
    if "Usage" not in row:
        if wanted != "Training":
            raise ValueError(f"{path} has no column Usage, so all rows are training; other splits need fer2013.csv")
        return "Training"
    return parse_usage(row["Usage"])


def parse_usage(cell: str) -> str:
    """Parses a cell of the Usage column, in any capitals; RowFault for another word."""
    word = re.sub(r"[\s_]", "", cell).lower()
    for known in USAGES:
        if known.lower() == word:
            return known
    raise RowFault("Usage is unknown", f"Usage is '{cell[:20]}', expected {', '.join(USAGES)}")


def parse_pixels(cell: str) -> UInt8[np.ndarray, "48 48"]:
    """Parses an image; RowFault unless it has 2304 integers in 0..255 that are not all equal."""
    try:
        values = np.fromstring(cell, np.int64, sep=" ")
    except ValueError:
        raise RowFault("pixels are not numbers", f"'{cell[:40]}...', expected integers separated by spaces") from None
    if len(values) != SIDE_PX**2:
        raise RowFault("wrong number of pixels", f"{len(values)}, expected {SIDE_PX} x {SIDE_PX} = {SIDE_PX**2}")
    if values.min() < 0 or values.max() > 255:
        raise RowFault("pixels out of 0..255", f"{values.min()} to {values.max()}, expected 0 to 255")
    if values.min() == values.max():
        raise RowFault("image has one color", f"every pixel is {values[0]}; remove the row")
    return values.reshape(SIDE_PX, SIDE_PX).astype(np.uint8)


def gray_faces(label_set: str, kept: list[tuple[str, int, UInt8[np.ndarray, "48 48"]]], where: str) -> GrayImages:
    """Creates a source of faces in memory; ValueError, quoting `where`, if there are none."""
    if not kept:
        raise ValueError(f"{where}: no usable rows; is it the right list and split?")
    names, named, images = zip(*kept, strict=True)
    count = len(emotions.names(label_set))
    labels = unlabeled(len(kept), label_set, ("emotion",))
    labels["emotion"].value[:] = one_hot(named, count)
    labels["emotion"].weight[:] = 1
    return GrayImages(label_set, image_table(names, names, labels), np.stack(images))
