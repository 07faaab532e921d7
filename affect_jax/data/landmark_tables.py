"""OpenFace tables of recordings: landmarks of the frames with a face, checked against the pictures."""

import pathlib

import numpy as np
from jaxtyping import Float, Int

from affect_jax.data.belonging import check_landmarks, check_position, clock_notes, count_notes
from affect_jax.data.recordings import Footage, Recording
from affect_jax.data.source import label_row
from affect_jax.data.whereabouts import too_deep, visible_files, visible_folders
from affect_jax.files.openface import Tracked, is_openface, read_openface
from affect_jax.types import Label, UnreadableImage

LANDMARK_TABLES = "landmarks"
TRIED = 20  # frames tried for the size of the picture: the first ones of a broadcast may be damaged


def picture_size(footage: Footage) -> tuple[int, int]:
    """Returns width and height of the first readable picture among the first ones; ValueError if there is none."""
    for number in footage.numbers[:TRIED]:
        try:
            height, width = footage.image(int(number)).shape[:2]
        except UnreadableImage:
            continue
        return width, height
    raise ValueError(f"{footage.where(int(footage.numbers[0]))}: neither this nor the next {TRIED} frames can be read")


def with_landmarks(recording: Recording, root: pathlib.Path) -> Recording:
    """Adds landmarks and keeps only the frames with a face, if there is a folder `root`/landmarks.

    FileNotFoundError if the recording is missing from it; ValueError if its file is not an OpenFace table, has no
    face, or cannot belong to the pictures.
    """
    path = root / LANDMARK_TABLES / f"{recording.name}.csv"
    if not (root / LANDMARK_TABLES).is_dir():
        return recording._replace(notes=(*recording.notes, *_other_tables(root, recording.name)))
    if not path.is_file():
        others = [each for each in visible_files(root / LANDMARK_TABLES) if each.name.startswith(path.stem)]
        hint = f"; there is {others[0].name}: rename it" if others else _deeper_table(root, recording.name)
        hint = hint or "; python -m launch.find_faces makes those that are missing"
        raise FileNotFoundError(f"no landmarks at {path}, expected an OpenFace 2 table for every recording{hint}")
    tracked = read_openface(path)
    found = np.flatnonzero(tracked.found)
    numbers = recording.footage.numbers[recording.chosen]
    _, frames, rows = np.intersect1d(numbers, tracked.numbers[found], return_indices=True)
    if not len(frames):
        raise ValueError(f"{path} has no face in any of the {len(numbers)} frames")
    stretch = np.array(recording.footage.stretch())  # OpenFace does not know that pixels may not be square
    points = tracked.landmarks[found[rows]] * stretch.astype(np.float32)
    chosen = recording.chosen[frames]
    notes = _check_table(str(path), tracked, found[rows], points, stretch, recording.footage, chosen)
    landmarks = Label(points, np.ones(len(frames), np.float32))
    labels = label_row(recording.labels, frames).replace(landmarks=landmarks)
    return recording._replace(chosen=chosen, labels=labels, notes=(*recording.notes, *notes))


def _deeper_table(root: pathlib.Path, name: str) -> str:
    """Says where below the folder of landmarks a table lies, as the end of a message."""
    stem = pathlib.PurePosixPath(name).name
    return too_deep(
        root / LANDMARK_TABLES, lambda below: (below / f"{name}.csv").is_file() or (below / f"{stem}.csv").is_file()
    )


def _other_tables(root: pathlib.Path, name: str) -> list[str]:
    """Notes on a table of landmarks that lies in a folder of another name."""
    for folder in visible_folders(root):
        path = folder / f"{name}.csv"
        if path.is_file() and is_openface(path):
            return [f"{path} holds landmarks, but only {root / LANDMARK_TABLES} is read: faces are not cropped"]
    return []


def _check_table(
    where: str,
    tracked: Tracked,
    rows: Int[np.ndarray, "face"],
    points: Float[np.ndarray, "face 68 2"],
    stretch: Float[np.ndarray, "2"],
    footage: Footage,
    chosen: Int[np.ndarray, "face"],
) -> list[str]:
    """Notes about a table of a recording; ValueError if it cannot belong to it."""
    size = np.array(picture_size(footage), np.float64)
    notes = check_landmarks(where, points, np.broadcast_to(size, (len(points), 2)))
    check_position(where, points / stretch, tracked.position[rows], size / stretch)
    notes += count_notes(len(tracked.numbers) + len(tracked.unusable), int(footage.numbers[-1]) + 1)
    notes += clock_notes(tracked.times_seconds[rows], footage.times_seconds()[chosen])
    if tracked.unusable:
        row, reason = tracked.unusable[0]
        notes.append(f"{len(tracked.unusable)} rows of {where} are left out, the first is row {row}: {reason}")
    return notes
