"""CK+ sequences in the original layout: the frames with an emotion, and their landmarks."""

import pathlib
from typing import NamedTuple

import numpy as np
from absl import logging
from jaxtyping import Float

from affect_jax import emotions
from affect_jax.data.readers.lists import parse_integer
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.whereabouts import log_left_out, visible_files
from affect_jax.types import LANDMARKS

LABEL_SET = "ck_plus_8"
SUFFIX = ".png"
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
        files = sorted((labels / subject / sequence).glob("[!.]*_emotion.txt"))
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
    logging.info("%s: %d sequences with an emotion; %d without are excluded", root, number, without)
    return frames


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


def read_landmarks(root: pathlib.Path, image: pathlib.Path) -> Float[np.ndarray, "68 2"] | None:
    """Reads the landmarks of a frame in px; None if the data set was unpacked without them."""
    folder = _first_folder(root, LANDMARK_FOLDERS)
    if folder is None:
        return None
    path = folder / image.parent.parent.name / image.parent.name / f"{image.stem}_landmarks.txt"
    try:
        with np.errstate(over="ignore"):  # such numbers are refused below
            values = np.array(path.read_text(errors="replace").split(), np.float32)
    except FileNotFoundError:
        raise RowFault("landmarks are missing", f"no {path}") from None
    except ValueError:
        raise RowFault("landmarks are not numbers", f"{path}, expected 68 lines of x and y in px") from None
    if values.size != 2 * LANDMARKS or not np.isfinite(values).all():
        raise RowFault("wrong number of landmarks", f"{path} has {values.size} values, expected 68 lines of x and y")
    points = values.reshape(LANDMARKS, 2)
    if (points.max(0) <= points.min(0)).any():
        raise RowFault("landmarks span no area", f"all points of {path} lie on a line")
    return points
