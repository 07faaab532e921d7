"""FER+: ten people's votes on each face of FER2013.

The rows of fer2013new.csv go with those of fer2013.csv by their position. The number in an image name does not: from
the first images without a name on, it is another count. An empty name says that the image shows no face.
Source: Barsoum et al., Training deep networks for facial expression recognition with crowd-sourced label
distribution, ICMI 2016.
"""

import dataclasses
import pathlib

import numpy as np
from absl import logging
from jaxtyping import Float, Int

from affect_jax import emotions
from affect_jax.data.memory import GrayImages
from affect_jax.data.readers.fer2013 import FILES, SIDE_PX, find_list, pixels, usage
from affect_jax.data.readers.rows import ListConfig, ListFile, check_image_files, image_table, parse_integer
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import ImageFiles, unlabeled
from affect_jax.types import Labels

LABEL_SET = "ferplus_8"
VOTES_FILE, FOLDER_LIST = "fer2013new.csv", "label.csv"
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
REQUIRED = ("Usage", "Image name", *VOTES)
FOLDER_COLUMNS = ("Image name", "box", *VOTES)  # of label.csv, which has no header
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
KINDS = ("distribution", "majority")
UNKNOWN = ""
TOGETHER = "the lists go together row by row; use the fer2013.csv of the challenge in its own order"
NO_NAME = "image name is empty (no face)"


@dataclasses.dataclass(frozen=True)
class FERPlusConfig(ListConfig):
    """`root` holds fer2013new.csv and beside it fer2013.csv, or the folders FER2013Train, FER2013Valid, FER2013Test.

    `split` is training, public_test (validation) or private_test (test).
    """

    votes: str = "distribution"  # distribution: of the votes for emotions; majority: the one with more than half of all
    check_images: bool = True  # look at both ends of every image file first

    def __post_init__(self):
        usage(self.split)
        if self.votes not in KINDS:
            raise ValueError(f"votes is '{self.votes}'; choose {' or '.join(KINDS)}")

    @property
    def own_split(self) -> str:
        return usage(self.split)


@dataclasses.dataclass(frozen=True)
class Voted:
    """A row with votes."""

    line: int  # in its list, the header counted
    position: int  # among the rows, from 0
    name: str
    votes: Int[np.ndarray, "10"]


def ferplus(config: FERPlusConfig) -> GrayImages | ImageFiles:
    """The faces of one split in the order of the list; each image is its own subject.

    Where half of the people or more named no emotion ("unknown", "NF" for "not a face"), or, with `votes` "majority",
    none was named by more than half, emotion_weight is 0. Errors as of fer2013, and ValueError where the two lists do
    not go together.
    """
    root = pathlib.Path(config.root)
    folder = root / FOLDERS[config.own_split]
    path = next((p for p in (root / VOTES_FILE, folder / FOLDER_LIST) if p.is_file()), None)
    if path is None:
        raise FileNotFoundError(f"no votes at {root}: expected {VOTES_FILE} in it, or {FOLDER_LIST} in {folder}")
    skipped = config.skipped(path)
    rows, usages = _read(path, config.own_split, skipped)
    if folder.is_dir():
        source = _from_files(rows, path, folder, config, skipped)
    else:
        source = _from_text(rows, usages, root, config, skipped)
    total = sum(word in (config.own_split, UNKNOWN) for word in usages)
    skipped.finish(total)
    if not len(source.examples):
        raise ValueError(f"{path} holds no usable row of {total}: {skipped.counts()}")
    voted = int((source.examples.labels["emotion"].weight > 0).sum())
    logging.info("%s: %d faces, of which %d have an emotion by %s", path, len(source.examples), voted, config.votes)
    return source


def _read(path: pathlib.Path, wanted: str, skipped: SkippedRows) -> tuple[list[Voted], list[str]]:
    """Rows of a split that name an image, and the Usage of every row."""
    whole = path.name == VOTES_FILE
    lines = ListFile(path, REQUIRED) if whole else ListFile(path, (), FOLDER_COLUMNS)
    rows, usages = [], []
    for position, (number, cells) in enumerate(lines):
        usages.append(UNKNOWN)
        try:
            row = lines.named(cells)
            if whole and row["Usage"] not in FOLDERS:
                raise RowFault("Usage is unknown", f"'{row['Usage'][:20]}', expected {', '.join(FOLDERS)}")
            usages[-1] = row["Usage"] if whole else wanted
            if usages[-1] != wanted:
                continue
            votes = np.array([parse_integer(f"votes for {name}", row[name], 10) for name in VOTES])
            if not row["Image name"]:
                skipped.left_out.append((str(path), number, NO_NAME))
            elif not votes.any():
                raise RowFault("nobody voted", f"all votes of {row['Image name']} are 0, expected ten votes")
            else:
                rows.append(Voted(number, position, row["Image name"], votes))
        except RowFault as fault:
            skipped.refuse(str(path), number, fault)
    return rows, usages


def distributions(
    votes: Int[np.ndarray, "face 10"], kind: str
) -> tuple[Float[np.ndarray, "face 8"], Float[np.ndarray, "face"]]:
    """Probabilities of the emotions and their weight, 0 or 1, from votes in the order of `VOTES`."""
    count, total = len(emotions.names(LABEL_SET)), votes.sum(1)
    named = votes[:, :count]
    if kind == "majority":
        chosen = named == named.max(1, keepdims=True)
        agreed = 2 * named.max(1) > total
    else:
        chosen = named
        agreed = 2 * named.sum(1) > total
    share = chosen / np.maximum(chosen.sum(1, keepdims=True), 1)
    return np.where(agreed[:, None], share, 0).astype(np.float32), agreed.astype(np.float32)


def _labels(rows: list[Voted], kind: str) -> Labels:
    labels = unlabeled(len(rows), LABEL_SET, ("emotion",))
    votes = np.array([row.votes for row in rows]).reshape(-1, len(VOTES))
    labels["emotion"].value[:], labels["emotion"].weight[:] = distributions(votes, kind)
    return labels


def _from_files(rows, path: pathlib.Path, folder: pathlib.Path, config: FERPlusConfig, skipped) -> ImageFiles:
    """Faces in a folder of one split, as the program of the FER+ authors writes them."""
    reasons = [""] * len(rows)
    if config.check_images:
        reasons = [look.reason for look in check_image_files([str(folder / row.name) for row in rows])]
    kept = []
    for row, reason in zip(rows, reasons, strict=True):
        if reason:
            fault = RowFault(reason, f"expected a complete image at {folder / row.name}")
            skipped.refuse(str(folder / row.name), row.line, fault)
        else:
            kept.append(row)
    names = [row.name for row in kept]
    table = image_table(names, names, _labels(kept, config.votes))
    places = [f"{path}, row {row.line}" for row in kept]
    return ImageFiles(LABEL_SET, table, [str(folder / name) for name in names], places)


def _from_text(rows, usages: list[str], root: pathlib.Path, config: FERPlusConfig, skipped) -> GrayImages:
    """Faces out of fer2013.csv, row by row; ValueError where its rows are not those of the votes."""
    path, wanted = find_list(str(root), FILES[:2]), config.own_split
    by_position = {row.position: row for row in rows}
    lines, faces, kept, seen = ListFile(path, ("pixels", "Usage")), [], [], 0
    for position, (number, cells) in enumerate(lines):
        seen += 1
        if position >= len(usages):
            continue
        try:
            named = lines.named(cells)
            _check_usage(f"{path}, row {number}", named["Usage"], usages[position])
            if position in by_position:
                faces.append(pixels(named["pixels"]))
                kept.append(by_position[position])
        except RowFault as fault:
            if usages[position] == wanted:
                skipped.refuse(str(path), number, RowFault(fault.reason, f"{fault} ({path}, row {number})"))
    if seen != len(usages):
        raise ValueError(f"{path} has {seen} rows, but there are votes for {len(usages)}: {TOGETHER}")
    names = [row.name for row in kept]
    images = np.stack(faces) if faces else np.zeros((0, SIDE_PX, SIDE_PX), np.uint8)
    return GrayImages(LABEL_SET, image_table(names, names, _labels(kept, config.votes)), images)


def _check_usage(where: str, here: str, there: str) -> None:
    if there not in (here, UNKNOWN):
        raise ValueError(f"{where} is {here}, but the votes in that place are {there}: {TOGETHER}")
