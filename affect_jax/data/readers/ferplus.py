"""FER+: the votes of ten annotators on each face of FER2013.

Rows of fer2013new.csv correspond to rows of fer2013.csv by position. The number in an image name does not: it diverges
after the first images without a name. An empty name means that the image shows no face.
Source: Barsoum et al., Training deep networks for facial expression recognition with crowd-sourced label
distribution, ICMI 2016.
"""

import dataclasses
import pathlib

import numpy as np
from absl import logging
from jaxtyping import Float, Int

from affect_jax import emotions
from affect_jax.data.gray_images import GrayImages
from affect_jax.data.image_source import ImageFiles
from affect_jax.data.readers.cell_values import parse_integer
from affect_jax.data.readers.fer2013 import FILES, SIDE_PX, find_list, parse_pixels, parse_usage, usage
from affect_jax.data.readers.lists import ImageListConfig, ListFile, check_image_files, image_table
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere
from affect_jax.types import Labels

LABEL_SET = "ferplus_8"
VOTES_FILE, FOLDER_LIST = "fer2013new.csv", "label.csv"
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
REQUIRED = ("Usage", "Image name", *VOTES)
FOLDER_COLUMNS = ("Image name", "box", *VOTES)  # of label.csv, which has no header
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
KINDS = ("distribution", "majority")
UNKNOWN = ""
MISMATCH = "the lists must match row by row; use the fer2013.csv of the challenge in its original order"
NO_NAME = "image name is empty (no face)"


@dataclasses.dataclass(frozen=True)
class FERPlusConfig(ImageListConfig):
    """`root` contains fer2013new.csv and either fer2013.csv or the folders FER2013Train, FER2013Valid, FER2013Test.

    `split` is training, public_test (validation) or private_test (test).
    """

    votes: str = "distribution"  # distribution: share of votes | majority: the emotion with more than half of all votes

    def __post_init__(self):
        super().__post_init__()
        usage(self.split)
        if self.votes not in KINDS:
            raise ValueError(f"votes is '{self.votes}'; choose {' or '.join(KINDS)}")

    @property
    def own_split(self) -> str:
        return usage(self.split)


@dataclasses.dataclass(frozen=True)
class Voted:
    """A row with votes."""

    line: int  # in its list, counting the header
    position: int  # among the rows, from 0
    name: str
    votes: Int[np.ndarray, "10"]


def ferplus(config: FERPlusConfig) -> GrayImages | ImageFiles:
    """Reads the faces of one split in the order of the list; each image is its own subject.

    The weight of the emotion is 0 if half of the annotators or more chose no emotion ("unknown", "NF" for "not a face")
    or, with `votes` "majority", if no emotion has more than half of the votes. Raises the errors of fer2013, and
    ValueError if the two lists do not match.
    """
    root = pathlib.Path(config.root)
    folder = root / FOLDERS[config.own_split]
    path = next((p for p in (root / VOTES_FILE, folder / FOLDER_LIST) if p.is_file()), None)
    if path is None:
        below = f"{folder.name}/{FOLDER_LIST}"
        hint = elsewhere(root, lambda top: (top / VOTES_FILE).is_file() or (top / below).is_file())
        raise FileNotFoundError(f"no votes at {root}: expected {VOTES_FILE} in it, or {FOLDER_LIST} in {folder}{hint}")
    skipped = config.skipped(path)
    rows, usages = _read(path, config.own_split, skipped)
    if folder.is_dir():
        source = _from_files(rows, path, folder, config, skipped)
    else:
        source = _from_text(rows, usages, root, config, skipped)
    total = sum(word in (config.own_split, UNKNOWN) for word in usages)
    skipped.finish(total)
    if not len(source.examples):
        raise ValueError(f"{path} has no usable rows among {total}: {skipped.counts()}")
    voted = int((source.examples.labels["emotion"].weight > 0).sum())
    logging.info("%s: %d faces, of which %d have an emotion by %s", path, len(source.examples), voted, config.votes)
    return source


def _read(path: pathlib.Path, wanted: str, skipped: SkippedRows) -> tuple[list[Voted], list[str]]:
    """Reads the rows of a split that name an image, and the Usage of every row."""
    full_list = path.name == VOTES_FILE
    lines = ListFile(path, REQUIRED) if full_list else ListFile(path, (), FOLDER_COLUMNS)
    rows, usages = [], []
    for position, (number, cells) in enumerate(lines):
        usages.append(UNKNOWN)
        try:
            row = lines.named(cells)
            usages[-1] = parse_usage(row["Usage"]) if full_list else wanted
            if usages[-1] != wanted:
                continue
            votes = np.array([parse_integer(f"votes for {name}", row[name], 10) for name in VOTES])
            if not row["Image name"]:
                skipped.left_out.append((str(path), number, NO_NAME))
            elif not votes.any():
                raise RowFault("no votes", f"all votes of {row['Image name']} are 0, expected ten votes")
            else:
                rows.append(Voted(number, position, row["Image name"], votes))
        except RowFault as fault:
            skipped.refuse(str(path), number, fault)
    return rows, usages


def distributions(
    votes: Int[np.ndarray, "face 10"], kind: str
) -> tuple[Float[np.ndarray, "face 8"], Float[np.ndarray, "face"]]:
    """Converts votes (in the order of `VOTES`) to emotion probabilities and a weight of 0 or 1."""
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
    votes = np.array([row.votes for row in rows], np.int64).reshape(-1, len(VOTES))
    labels["emotion"].value[:], labels["emotion"].weight[:] = distributions(votes, kind)
    return labels


def _from_files(rows, path: pathlib.Path, folder: pathlib.Path, config: FERPlusConfig, skipped) -> ImageFiles:
    """Reads faces from the folder of a split, as written by the script of the FER+ authors."""
    reasons = [""] * len(rows)
    if config.check_images:
        reasons = [check.reason for check in check_image_files([str(folder / row.name) for row in rows])]
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
    """Reads faces from fer2013.csv, row by row; ValueError if its rows do not match the votes."""
    path, wanted = find_list(str(root), FILES[:2]), config.own_split
    by_position = {row.position: row for row in rows}
    lines = ListFile(path, ("pixels", "Usage"))
    faces, kept, count = [], [], 0
    for position, (number, cells) in enumerate(lines):
        count += 1
        if position >= len(usages):
            continue
        try:
            named = lines.named(cells)
            _check_usage(f"{path}, row {number}", named["Usage"], usages[position])
            if position in by_position:
                faces.append(parse_pixels(named["pixels"]))
                kept.append(by_position[position])
        except RowFault as fault:
            if usages[position] == wanted:
                skipped.refuse(str(path), number, RowFault(fault.reason, f"{fault} ({path}, row {number})"))
    if count != len(usages):
        raise ValueError(f"{path} has {count} rows, but there are votes for {len(usages)}: {MISMATCH}")
    names = [row.name for row in kept]
    images = np.stack(faces) if faces else np.zeros((0, SIDE_PX, SIDE_PX), np.uint8)
    return GrayImages(LABEL_SET, image_table(names, names, _labels(kept, config.votes)), images)


def _check_usage(where: str, usage_of_image: str, usage_of_votes: str) -> None:
    if usage_of_votes != UNKNOWN and parse_usage(usage_of_image) != usage_of_votes:
        raise ValueError(f"{where} is {usage_of_image}, but the votes in that row are {usage_of_votes}: {MISMATCH}")
