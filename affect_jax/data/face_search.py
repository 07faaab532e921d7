"""In what faces are searched: all images or recordings of a data set, whatever their split."""

import functools
import math
import os
import pathlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from affect_jax import emotions
from affect_jax.data.face_files import Entry, OneImage
from affect_jax.data.landmark_files import FOLDER, check_distinct, landmark_file
from affect_jax.data.landmark_tables import LANDMARK_TABLES
from affect_jax.data.readers.ck_plus import TABLE, by_emotion
from affect_jax.data.readers.ck_plus_frames import (
    IMAGE_FOLDER,
    LANDMARK_FOLDERS,
    image_top,
    labeled_images,
    landmark_folder,
)
from affect_jax.data.readers.folder import emotion_folders, images_of
from affect_jax.data.readers.lists import existing_folder
from affect_jax.data.recordings import FRAMES, VIDEO_FOLDERS, VIDEOS, find_footage
from affect_jax.data.whereabouts import elsewhere, has_hidden_part, visible_folders
from affect_jax.files.image_files import SUFFIXES
from affect_jax.files.kinds import is_hidden
from affect_jax.files.video import VIDEO_SUFFIXES

UNKNOWN_FPS = math.nan  # of extracted images
EMOTION_NAMES = {name for names in emotions.LABEL_SETS.values() for name in names}


class Search(NamedTuple):
    """The images or recordings of a data set, and the folder of their landmarks."""

    entries: list[Entry]
    folder: pathlib.Path


def ck_plus(root: str) -> Search:
    """All frames of the sequences with an emotion, or all images of the emotion folders."""
    top = existing_folder(root, f"root is the folder with {IMAGE_FOLDER}, or one folder per emotion")
    folder = landmark_folder(top) or top / LANDMARK_FOLDERS[1]
    if (top / IMAGE_FOLDER).is_dir():
        return Search(_stills(labeled_images(top), image_top(top), folder, upright=False), folder)
    if not (folders := by_emotion(top)):
        if (top / TABLE).is_file():
            raise FileNotFoundError(f"{top} has {TABLE}, whose images are face crops of 48 px; nothing is to be found")
        hint = elsewhere(top, lambda other: (other / IMAGE_FOLDER).is_dir() or bool(by_emotion(other)))
        raise FileNotFoundError(f"{top} has neither {IMAGE_FOLDER} nor folders such as {top}/happy{hint}")
    return Search(_stills(images_of(top, list(folders)), top, folder, upright=False), folder)


def folder(root: str) -> Search:
    """All images in folders of emotions, in `root` or in each of its splits."""
    top = existing_folder(root, "root is the folder with one folder per emotion, or with such a folder for each split")
    splits = [top] if _has_emotions(top) else [split for split in visible_folders(top) if _has_emotions(split)]
    if not splits:
        hint = elsewhere(top, _has_emotions)
        raise FileNotFoundError(f"{top} has no folders of emotions, such as {top}/happy or {top}/train/happy{hint}")
    entries = []
    for split in splits:
        entries += _stills(images_of(split, emotion_folders(split)), split, split / FOLDER, upright=True, root=top)
    return Search(entries, top / FOLDER)


def _has_emotions(top: pathlib.Path) -> bool:
    names = [emotions.canonical_name(path.name) for path in visible_folders(top)]
    return top.name != FOLDER and any(name in EMOTION_NAMES for name in names)


def _stills(
    images: Iterable[pathlib.Path],
    top: pathlib.Path,
    folder: pathlib.Path,
    upright: bool,
    root: pathlib.Path | None = None,
) -> list[Entry]:
    check_distinct(images)
    entries = []
    for path in images:
        name = path.relative_to(root or top).as_posix()
        opened = functools.partial(OneImage, path, upright)
        entries.append(Entry(name, landmark_file(folder, path, top), still=True, open=opened))
    return entries


def recordings(root: str) -> Search:
    """All recordings in `root`/frames and `root`/videos."""
    top = existing_folder(root, f"root is the folder with {VIDEOS} or {FRAMES}")
    names = recording_names(top)
    if not names:
        hint = elsewhere(top, lambda other: bool(recording_names(other)))
        raise FileNotFoundError(f"no recordings such as {top}/{VIDEOS}/x.mp4 or {top}/{FRAMES}/x/00001.jpg{hint}")
    folder = top / LANDMARK_TABLES
    entries = []
    for name in names:
        opened = functools.partial(find_footage, top, name, UNKNOWN_FPS)
        entries.append(Entry(name, folder / f"{name}.csv", still=False, open=opened))
    return Search(entries, folder)


def recording_names(root: pathlib.Path) -> list[str]:
    """Names of the recordings below `root`/frames and `root`/videos, such as "one" or "video/utterance_1"."""
    names = set()
    for folder, _, files in os.walk(root / FRAMES):
        path = pathlib.Path(folder)
        numbered = any(os.path.splitext(file)[0].isdecimal() and file.lower().endswith(SUFFIXES) for file in files)
        if numbered and not has_hidden_part(path, root):
            names.add(path.relative_to(root / FRAMES).as_posix())
    for videos in VIDEO_FOLDERS:
        for folder, _, files in os.walk(root / videos):
            path = pathlib.Path(folder)
            for file in files:
                if file.lower().endswith(VIDEO_SUFFIXES) and not is_hidden(file) and not has_hidden_part(path, root):
                    names.add((path / file).relative_to(root / videos).with_suffix("").as_posix())
    return sorted(names - {"."})


SEARCHES: dict[str, Callable[[str], Search]] = {
    "action_units": recordings,
    "ck_plus": ck_plus,
    "folder": folder,
    "omg": recordings,
    "recola": recordings,
    "sewa": recordings,
}
