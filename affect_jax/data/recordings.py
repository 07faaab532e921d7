"""Recordings: frames of videos, or of folders of numbered images, as one source."""

import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Float, Int, UInt8

from affect_jax.data.source import Table, label_row
from affect_jax.files import image_files
from affect_jax.files.openface import read_openface
from affect_jax.files.video_frames import VideoFrames
from affect_jax.types import Label, Labels

VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".wmv", ".mpg", ".mpeg")
FRAMES, VIDEOS, LANDMARK_TABLES = "frames", "videos", "landmarks"


@runtime_checkable
class Footage(Protocol):
    """The frames that there are of a recording; those without a face may lack."""

    numbers: Int[np.ndarray, "frame"]  # increasing, 0 = first of the recording

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Time of each frame after the first of the recording."""
        ...

    def where(self, number: int) -> str:
        """File and frame, for messages."""
        ...

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels; UnreadableImage names file and frame."""
        ...


class NumberedImages:
    """A folder of images named by number; `first` is the number of the first frame, `fps` the frames a second."""

    def __init__(self, folder: pathlib.Path, fps: float, first: int = 1):
        self.folder, self.fps, self.first = folder, fps, first
        names = [name for name in os.listdir(folder) if _is_numbered(name)]
        if not names:
            raise FileNotFoundError(f"{folder} holds no images named by number, such as {first:05d}.jpg")
        found = np.array([int(name.partition(".")[0]) for name in names]) - first
        order = np.argsort(found, kind="stable")
        self.numbers = found[order]
        self.names = np.array(names, np.bytes_)[order]  # millions of texts would be large
        if self.numbers[0] < 0:
            raise ValueError(f"{folder} has {self.names[0].decode()}; expected {first:05d} for the first frame")
        if len(double := np.flatnonzero(np.diff(self.numbers) == 0)):
            pair = [name.decode() for name in self.names[double[0] : double[0] + 2]]
            raise ValueError(f"{folder} has a frame twice: {' and '.join(pair)}; remove one of them")

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Time of each frame after the first of the recording."""
        return self.numbers / self.fps

    def path(self, number: int) -> pathlib.Path:
        """File of a frame."""
        return self.folder / self.names[np.searchsorted(self.numbers, number)].decode()

    def where(self, number: int) -> str:
        """File and frame, for messages."""
        return f"{self.path(number)}, frame {number}"

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels as stored; UnreadableImage names file, frame and reason."""
        return image_files.read(str(self.path(number)), self.where(number), upright=False)


def _is_numbered(name: str) -> bool:
    stem, suffix = os.path.splitext(name)
    return stem.isdecimal() and suffix.lower() in image_files.SUFFIXES


def find_footage(root: pathlib.Path, name: str, fps: float) -> Footage:
    """A recording in `root`/frames/<name>/00001.jpg..., or else the video `root`/videos/<name>.mp4 (.avi, .mkv...).

    `fps` is that of images; a video knows its own. FileNotFoundError, or ValueError for what cannot be read.
    """
    folder = root / FRAMES / name
    if folder.is_dir():
        if not fps:
            raise ValueError(f"{folder} holds images, which do not say how many of them are a second; set fps")
        return NumberedImages(folder, fps)
    for suffix in VIDEO_SUFFIXES:
        path = root / VIDEOS / f"{name}{suffix}"
        if path.is_file():
            return VideoFrames(path)
    raise FileNotFoundError(f"neither a folder {folder} of images (00001.jpg...) nor a video {root / VIDEOS}/{name}"
                            f".mp4 ({', '.join(VIDEO_SUFFIXES[1:])})")  # fmt: skip


class Recording(NamedTuple):
    """Some frames of a recording and what is known of them."""

    name: str
    subject: str
    footage: Footage
    chosen: Int[np.ndarray, "frame"]  # indices of the footage's frames
    labels: Labels


def with_landmarks(recording: Recording, root: pathlib.Path) -> Recording:
    """The frames in which a face was found, with their landmarks, where there is a folder `root`/landmarks.

    FileNotFoundError if the recording lacks in it; ValueError for what is no table of OpenFace, or finds no face.
    """
    path = root / LANDMARK_TABLES / f"{recording.name}.csv"
    if not (root / LANDMARK_TABLES).is_dir():
        return recording
    if not path.is_file():
        raise FileNotFoundError(f"no landmarks {path}, expected a table of OpenFace 2 for every recording")
    tracked = read_openface(path)
    found = np.flatnonzero(tracked.found)
    numbers = recording.footage.numbers[recording.chosen]
    _, mine, theirs = np.intersect1d(numbers, tracked.numbers[found], return_indices=True)
    if not len(mine):
        raise ValueError(f"{path} finds a face in none of the {len(numbers)} frames")
    landmarks = Label(tracked.landmarks[found[theirs]], np.ones(len(mine), np.float32))
    labels = label_row(recording.labels, mine).replace(landmarks=landmarks)
    return recording._replace(chosen=recording.chosen[mine], labels=labels)


class Recordings:
    """A source of the frames of recordings, one recording after the other; each is one clip."""

    def __init__(self, label_set: str, recordings: Sequence[Recording]):
        self.label_set = label_set
        self.footage = [recording.footage for recording in recordings]
        lengths = [len(recording.chosen) for recording in recordings]
        self.recording = np.repeat(np.arange(len(recordings)), lengths)
        frames = np.concatenate([one.footage.numbers[one.chosen] for one in recordings])
        clips = np.repeat(np.array([one.name for one in recordings], object), lengths)
        self.examples = Table(
            [f"{clip}/{frame:05d}" for clip, frame in zip(clips, frames, strict=True)],
            np.repeat(np.array([one.subject for one in recordings], object), lengths),
            clips,
            frames,
            np.concatenate([one.footage.times_seconds()[one.chosen] for one in recordings]),
            jax.tree.map(lambda *leaves: np.concatenate(leaves), *(one.labels for one in recordings)),
        )

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels; raises `UnreadableImage`, naming file and frame."""
        return self.footage[self.recording[index]].image(int(self.examples.frames[index]))
