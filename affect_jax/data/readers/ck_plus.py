"""CK+: posed sequences from a neutral face to the peak of an emotion, in three layouts that are detected automatically.

- As distributed: `cohn-kanade-images/S005/001/S005_001_00000011.png`, `Emotion/S005/001/S005_001_00000011_emotion.txt`
  (one number; for 327 of the 593 sequences), `Landmarks/S005/001/S005_001_00000011_landmarks.txt` (68 lines "x y").
- "CK+48": one folder per emotion with the last three frames as `S010_004_00000017.png`, 48 px.
- `ckextended.csv`: the columns of FER2013; it has no subjects, and its Usage column splits frames of one subject.
Layout and codes were taken from the README of the distribution and from public loaders, and not tested on original
files.
"""

import dataclasses
import pathlib
import re
from collections.abc import Iterable

import numpy as np
from absl import logging

from affect_jax import emotions
from affect_jax.data import without_effect
from affect_jax.data.gray_images import GrayImages
from affect_jax.data.readers.affectnet_faces import ListedFaces
from affect_jax.data.readers.ck_plus_frames import (
    IMAGE_FOLDER,
    LABEL_SET,
    LANDMARK_FOLDERS,
    Frame,
    image_top,
    labeled_frames,
    landmark_folder,
)
from affect_jax.data.readers.fer2013 import gray_faces, pixel_rows, usage
from affect_jax.data.readers.landmarked import Place, check_usable, usable_images
from affect_jax.data.readers.lists import ImageListConfig, existing_folder, image_table, one_hot
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere, log_left_out, visible_files, visible_folders
from affect_jax.files import image_files

TABLE = "ckextended.csv"
CSV_NAMES = (*emotions.LABEL_SETS["fer2013_7"], "contempt")  # codes 0..7 of ckextended.csv
NAME_PATTERN = re.compile(r"(S\d+)_(\d+)_(\d+)")  # subject, sequence, frame
ALL = "all"
MOST_LISTED = 10  # folders in a message


@dataclasses.dataclass(frozen=True)
class CKPlusConfig(ImageListConfig):
    """CK+ has no official split: `split` is "all", and `fold` divides it by subject.

    Only ckextended.csv has splits: training, public_test (validation) and private_test (test).
    """

    split: str = ALL
    peak_frames: int = 3  # number of last frames labeled with the emotion of the sequence
    neutral_frames: int = 1  # number of first frames labeled neutral, in sequences with an emotion
    allow_whole_images: bool = False  # use whole pictures without landmarks, although they are not face crops

    def __post_init__(self):
        super().__post_init__()
        if self.peak_frames < 1 or self.neutral_frames < 0:
            raise ValueError(
                f"peak_frames is {self.peak_frames} and neutral_frames {self.neutral_frames}; expected at least 1 and 0"
            )

    @property
    def own_split(self) -> str:
        return self.split if self.split == ALL else usage(self.split)


def ck_plus(config: CKPlusConfig) -> ListedFaces | GrayImages:
    """Reads the labeled frames, sorted by subject, sequence and frame; without landmarks the crop is the whole image.

    ValueError if too many frames are unusable or the layout has no such split; FileNotFoundError for a wrong path.
    """
    if config.root.endswith(".csv"):
        return _from_table(pathlib.Path(config.root), config)
    root = existing_folder(config.root, f"root is the folder with {IMAGE_FOLDER}, {TABLE}, or one folder per emotion")
    if not (root / IMAGE_FOLDER).is_dir() and (root / TABLE).is_file():
        return _from_table(root / TABLE, config)
    if config.split != ALL:
        raise ValueError(
            f"split is '{config.split}', but CK+ at {root} has no splits; use '{ALL}' and select a part with fold"
        )
    skipped = config.skipped(root)
    if (root / IMAGE_FOLDER).is_dir():
        frames = labeled_frames(root, config.neutral_frames, config.peak_frames, skipped)
    else:
        without_effect.warn(config, {"neutral_frames": "neutral faces are in a folder of their own"}, str(root))
        frames = _emotion_folders(root, config.peak_frames, skipped)
    return _faces(frames, root, config, skipped)


def _from_table(path: pathlib.Path, config: CKPlusConfig) -> GrayImages:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; expected {TABLE}")
    if config.split == ALL:
        raise ValueError(f"split is '{ALL}'; {path} has the splits training, public_test and private_test")
    rows = pixel_rows(path, config.split, CSV_NAMES, config.skipped(path))
    names = emotions.names(LABEL_SET)
    idle = dict.fromkeys(("peak_frames", "neutral_frames"), "the table has no sequences")
    without_effect.warn(config, idle, str(path))
    logging.warning("%s has no subjects: the same subject may be in several splits", path)
    kept = [(name, names.index(CSV_NAMES[code]), face) for name, code, face in rows]
    return gray_faces(LABEL_SET, kept, f"{path}, split {config.split}")


def _emotion_folders(root: pathlib.Path, peak: int, skipped: SkippedRows) -> list[Frame]:
    """Lists the last frames of each sequence, from one folder per emotion; ValueError names other folders of images."""
    names, found, other_files = emotions.names(LABEL_SET), [], []
    emotional = by_emotion(root)
    if not emotional:
        is_there = lambda top: (top / IMAGE_FOLDER).is_dir() or (top / TABLE).is_file() or bool(by_emotion(top))
        hint = elsewhere(root, is_there) or _folders_of(root)
        raise FileNotFoundError(f"{root} has neither {IMAGE_FOLDER} nor {TABLE} nor folders such as {root}/happy{hint}")
    _refuse_other_folders(root, emotional)
    for folder, word in emotional.items():
        sequences: dict[tuple[str, str], list[pathlib.Path]] = {}
        other_files += [path for below in visible_folders(folder) for path in visible_files(below)]
        for number, path in enumerate(visible_files(folder), 1):
            if path.suffix.lower() not in image_files.SUFFIXES:
                other_files.append(path)
                continue
            if match := NAME_PATTERN.fullmatch(path.stem):
                sequences.setdefault((match[1], match[2]), []).append(path)
            else:
                fault = RowFault("file name has no subject", f"{path}, expected a name such as S010_004_00000017.png")
                skipped.refuse(str(path), number, fault)
        for (subject, _), paths in sorted(sequences.items()):
            found += [Frame(path, subject, names.index(word)) for path in paths[-peak:]]
    log_left_out(root, {"no images of an emotion folder": other_files})
    return sorted(found, key=lambda frame: frame.path.name)


def _folders_of(root: pathlib.Path) -> str:
    """Lists the folders in a folder, as the end of a message."""
    found = [folder.name for folder in visible_folders(root)]
    more = f" and {len(found) - MOST_LISTED} more" if len(found) > MOST_LISTED else ""
    return f"; its folders are {', '.join(found[:MOST_LISTED])}{more}" if found else "; it has no folders"


def by_emotion(root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Finds the folders named by an emotion."""
    words = {path: emotions.canonical_name(path.name) for path in visible_folders(root)}
    return {path: word for path, word in words.items() if word in emotions.names(LABEL_SET)}


def _refuse_other_folders(root: pathlib.Path, emotional: Iterable[pathlib.Path]) -> None:
    """ValueError if other folders hold images, because theirs would be missing without a word."""
    counts = {}
    for folder in set(visible_folders(root)) - set(emotional):
        if folder.name in (path.partition("/")[0] for path in LANDMARK_FOLDERS):
            continue
        images = [path for path in folder.rglob("*") if path.suffix.lower() in image_files.SUFFIXES]
        if images:
            counts[folder.name] = len(images)
    if counts:
        listed = ", ".join(f"{name} ({count} images)" for name, count in sorted(counts.items()))
        raise ValueError(
            f"{root}: folder {listed} is not an emotion of {LABEL_SET}; expected "
            f"{', '.join(emotions.names(LABEL_SET))}: rename it or move it elsewhere"
        )


def _faces(frames: list[Frame], root: pathlib.Path, config: CKPlusConfig, skipped: SkippedRows) -> ListedFaces:
    images = [frame.path for frame in frames]
    place = Place("ck_plus", root, image_top(root), landmark_folder(root), upright=False)
    usable = usable_images(images, place, config, skipped)
    of_frames = set(map(str, images))  # other faults concern whole sequences
    skipped.finish(len(frames) + sum(path not in of_frames for path, *_ in skipped.faults))
    if not len(usable.kept):
        raise ValueError(f"{root} has no usable frames: {skipped.counts() or 'no sequence has an emotion'}")
    check_usable(images, usable, place, config.allow_whole_images)
    kept = [frames[index] for index in usable.kept]
    labels = unlabeled(len(kept), LABEL_SET, ("emotion", "landmarks"))
    labels["emotion"].value[:] = one_hot([frame.emotion for frame in kept], len(emotions.names(LABEL_SET)))
    labels["emotion"].weight[:] = 1
    if usable.landmarks is not None:
        labels["landmarks"].value[:] = usable.landmarks
        labels["landmarks"].weight[:] = 1
    names = [frame.path.relative_to(root).as_posix() for frame in kept]
    table = image_table(names, [frame.subject for frame in kept], labels)
    places = [f"{root}, frame {index + 1}" for index in usable.kept]
    boxes = np.zeros((len(kept), 3), np.int64)
    return ListedFaces(LABEL_SET, table, [str(frame.path) for frame in kept], places, upright=False, boxes=boxes)
