"""CK+ sequences in the original layout: the frames with an emotion, and their landmarks."""

import pathlib
from typing import NamedTuple

from absl import logging

from affect_jax import emotions
from affect_jax.data.readers.cell_values import parse_integer
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.whereabouts import log_left_out, too_deep, visible_files

LABEL_SET = "ck_plus_8"
SUFFIX = ".png"
EMOTION_ENDING = "_emotion.txt"
IMAGE_FOLDER = "cohn-kanade-images"
EMOTION_FOLDERS = ("Emotion", "Emotion_labels/Emotion", "emotion")
LANDMARK_FOLDERS = ("Landmarks/Landmarks", "Landmarks", "landmarks")
NEUTRAL = emotions.names(LABEL_SET).index("neutral")
MEANING = ", ".join(f"{code} {name}" for code, name in enumerate(emotions.names(LABEL_SET)))


class Frame(NamedTuple):
    """A frame with an emotion."""

    path: pathlib.Path
    subject: str
    emotion: int


def labeled_frames(root: pathlib.Path, neutral: int, peak: int, skipped: SkippedRows) -> list[Frame]:
    """Lists the first `neutral` and last `peak` frames of sequences with an emotion; logs how many have none."""
    labels = _first_folder(root, EMOTION_FOLDERS)
    if labels is None:
        raise FileNotFoundError(f"no folder {root}/{EMOTION_FOLDERS[0]}; it is a separate download: unpack it there")
    frames, without, number, other_files = [], 0, 0, []
    for folder in sorted((root / IMAGE_FOLDER).glob("S*/*/")):
        subject, sequence = folder.parent.name, folder.name
        images = [path for path in visible_files(folder) if path.suffix.lower() == SUFFIX]
        other_files += [path for path in visible_files(folder) if path.suffix.lower() != SUFFIX]
        files = sorted((labels / subject / sequence).glob(f"[!.]*{EMOTION_ENDING}"))
        if not files or not images:
            without += 1
            continue
        number += 1
        try:
            emotion = _emotion(files)
        except RowFault as fault:
            skipped.refuse(str(files[0]), number, fault)
            continue
        late = images[-peak:]
        early = [path for path in images[:neutral] if path not in late]
        frames += [Frame(path, subject, NEUTRAL) for path in early] + [Frame(path, subject, emotion) for path in late]
    log_left_out(root, {f"no frame, which ends with {SUFFIX}": other_files})
    if not frames and not number:
        _refuse_other_levels(root, labels)
    logging.info("%s: %d sequences with an emotion; %d without are excluded", root, number, without)
    return frames


def labeled_images(root: pathlib.Path) -> list[pathlib.Path]:
    """Lists all frames of the sequences with an emotion, or of all sequences if the emotions are not there."""
    labels, found = _first_folder(root, EMOTION_FOLDERS), []
    for folder in sorted((root / IMAGE_FOLDER).glob("S*/*/")):
        if labels is None or any((labels / folder.parent.name / folder.name).glob(f"[!.]*{EMOTION_ENDING}")):
            found += [path for path in visible_files(folder) if path.suffix.lower() == SUFFIX]
    if not found:
        _refuse_other_levels(root, labels)
    return found


def _refuse_other_levels(root: pathlib.Path, labels: pathlib.Path | None) -> None:
    """FileNotFoundError if there is no sequence or emotion where it is expected."""
    for folder, ending in ((root / IMAGE_FOLDER, SUFFIX), (labels, EMOTION_ENDING)):
        if folder is not None and not _has_sequences(folder, ending):
            hint = too_deep(folder, lambda below, ending=ending: _has_sequences(below, ending))
            raise FileNotFoundError(f"{folder} has no files such as S005/001/S005_001_00000011{ending}{hint}")


def _first_folder(root: pathlib.Path, names: tuple[str, ...]) -> pathlib.Path | None:
    return next((root / name for name in names if (root / name).is_dir()), None)


def _emotion(files: list[pathlib.Path]) -> int:
    if len(files) > 1:
        raise RowFault("sequence has two emotions", f"{', '.join(map(str, files))}; expected one file")
    cells = files[0].read_text(errors="replace").split()
    if len(cells) != 1:
        raise RowFault(
            "emotion is not one number", f"{files[0]} has {len(cells)} values, expected for example 3.0000000e+00"
        )
    return parse_integer("emotion", cells[0], 7, f"{MEANING} ({files[0]})")


def landmark_folder(root: pathlib.Path) -> pathlib.Path | None:
    """Returns the folder of the landmarks; None if the data set was unpacked without them."""
    return _first_folder(root, LANDMARK_FOLDERS)


def image_top(root: pathlib.Path) -> pathlib.Path:
    """Returns the folder that the paths of images and of their landmarks are relative to."""
    return root / IMAGE_FOLDER if (root / IMAGE_FOLDER).is_dir() else root


def _has_sequences(folder: pathlib.Path, ending: str) -> bool:
    """Whether a folder has files with that ending in folders of subject and sequence."""
    return next(folder.glob(f"S*/*/[!.]*{ending}"), None) is not None
