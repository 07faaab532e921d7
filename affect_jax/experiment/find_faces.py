"""Finds the faces of a data set of whole pictures, and writes the landmark files that its reader crops by."""

import pathlib
from collections.abc import Callable

import numpy as np
from absl import logging
from tqdm import tqdm

from affect_jax.data.face_files import Entry
from affect_jax.data.face_search import SEARCHES, Search
from affect_jax.data.recordings import Footage
from affect_jax.data.registry import READERS
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import lookup
from affect_jax.experiment.faces_report import write_report
from affect_jax.files.atomic import remove_abandoned
from affect_jax.files.disk import find_fault, require_writable
from affect_jax.files.problems import raise_problems
from affect_jax.predict.sources import Frame
from affect_jax.predict.tracking import Finder, Tracker
from affect_jax.types import LANDMARKS, UnreadableImage

UNKNOWN_STEP_SECONDS = 0.04


def find_faces(
    data: str, root: str, output: pathlib.Path | None, make_finder: Callable[[], Finder]
) -> list[pathlib.Path]:
    """Writes the landmarks of each image or recording that has none yet; returns the files of the report.

    Args:
      data: name of the reader.
      root: folder of the data set.
      output: folder of the report; None for that of the landmarks.
      make_finder: called once the data set has been listed.

    ValueError names what could not be read, or says that no face was found.
    """
    search = open_search(data, root)
    require_writable(search.folder, remedy="copy or link the data set into a folder of your own")
    if output is not None:
        require_writable(output)
    problems = _search(search, make_finder())
    files = write_report(search.entries, output or search.folder)
    raise_problems(problems)
    return files


def make_finder(face_model: str) -> Finder:
    """The face finder, with the user's model if a path is given; UsageError without the extra `face`."""
    from affect_jax.faces.finder import FaceFinder  # its interpreter is an optional dependency

    try:
        return FaceFinder(face_model or None)
    except ImportError as error:
        raise UsageError(str(error)) from error


def open_search(data: str, root: str) -> Search:
    """Lists what faces are searched in; UsageError for a data set whose faces are located already."""
    lookup(READERS, data, "--data")
    if data not in SEARCHES:
        raise UsageError(
            f"--data={data}: its reader takes no landmark tables, because its faces are located or cropped already; "
            f"choose one of {', '.join(SEARCHES)}"
        )
    try:
        return SEARCHES[data](root)
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(str(error)) from error


def _search(search: Search, finder: Finder) -> list[str]:
    """Searches all that has no landmarks yet; returns what could not be read."""
    for folder in {entry.file.parent for entry in search.entries}:
        for part in folder.glob("*.part"):  # <name>.<process>.part
            remove_abandoned(folder / part.name.rsplit(".", 2)[0])
    missing = [entry for entry in search.entries if not entry.is_done]
    if len(missing) < len(search.entries):
        logging.info("%d of %d have landmarks already", len(search.entries) - len(missing), len(search.entries))
    problems = []
    for entry in tqdm(missing, "faces", unit="image" if missing and missing[0].still else "recording", leave=False):
        try:
            problems += _find(entry, finder)
        except (OSError, ValueError, UnreadableImage) as error:
            if find_fault(error) is not None:  # a full disk would lose all others too
                raise
            logging.warning("%s; left out", error)
            problems.append(str(error))
    if missing:
        logging.info("a store (data.store) of this data set that was written before lacks these landmarks: remove it")
    return problems


def _find(entry: Entry, finder: Finder) -> list[str]:
    """Writes the landmarks of an entry; returns what was lost of a recording. Raises what `Entry.open` raises.

    A frame that cannot be decoded counts as one without a face; an image that cannot be has no file.
    """
    footage = entry.open()
    count = int(footage.numbers[-1]) + 1
    landmarks = np.full((count, LANDMARKS, 2), np.nan, np.float32)
    confidence, times, face_ids = np.zeros(count), np.full(count, np.nan), [0] * count
    times[footage.numbers] = footage.times_seconds()
    tracker, lost, last_part = Tracker(finder, _usual_step(footage)), [], 0
    frames = list(zip(footage.numbers, footage.times_seconds(), footage.parts(), strict=True))
    for number, seconds, part in tqdm(frames, entry.name, unit="frame", leave=False, disable=entry.still):
        try:
            image = footage.image(int(number))
        except UnreadableImage as error:
            if entry.still:
                raise
            lost.append(str(error))
            continue
        frame = Frame(entry.name, int(number), float(seconds), image, restarts=bool(part != last_part))
        face, _ = tracker.find(frame)
        last_part = part
        face_ids[number] = tracker.number
        if face is not None:
            landmarks[number], confidence[number] = face.landmarks, face.score
    if len(lost) == len(footage.numbers):
        raise ValueError(lost[0])
    # Tables of OpenFace are in pixels as stored.
    entry.write(landmarks / np.array(footage.stretch(), np.float32), confidence, face_ids, times)
    return [f"{entry.name}: {len(lost)} of {count} frames cannot be decoded; the first is {lost[0]}"] if lost else []


def _usual_step(footage: Footage) -> float:
    steps = np.diff(footage.times_seconds())
    return float(np.median(steps)) if len(steps) and np.isfinite(steps).all() else UNKNOWN_STEP_SECONDS
