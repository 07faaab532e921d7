"""Recordings: the frames of videos or of folders of numbered images, as one source."""

import glob
import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Float, Int, UInt8

from affect_jax.data.belonging import log_notes
from affect_jax.data.source import Table
from affect_jax.data.whereabouts import elsewhere, log_left_out
from affect_jax.files import image_files
from affect_jax.files.kinds import is_hidden
from affect_jax.files.paths import is_possible
from affect_jax.files.video import VIDEO_SUFFIXES
from affect_jax.files.video_frames import VideoFrames
from affect_jax.types import Labels

FRAMES, VIDEOS = "frames", "videos"
VIDEO_FOLDERS = (VIDEOS, "RECOLA-Video-recordings", "recordings_video")  # the others as RECOLA and AVEC are distributed


@runtime_checkable
class Footage(Protocol):
    """The available frames of a recording; frames without a face may be missing."""

    numbers: Int[np.ndarray, "frame"]  # increasing, 0 = first of the recording

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Returns the time of each frame since the start of the recording."""
        ...

    def parts(self) -> Int[np.ndarray, "frame"]:
        """Returns the part of each frame; a part is a clip of its own."""
        ...

    def stretch(self) -> tuple[float, float]:
        """Returns the factors in x and y from pixels as stored to those of `image`."""
        ...

    def where(self, number: int) -> str:
        """Describes a frame by file and number, for messages."""
        ...

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels; UnreadableImage names the file and the frame."""
        ...


class NumberedImages:
    """A folder of images named by frame number; `first` is the number of the first frame.

    `upright` applies the EXIF orientation; use False if landmarks are in pixels as stored.
    """

    def __init__(self, folder: pathlib.Path, fps: float, first: int = 1, upright: bool = True):
        self.folder, self.fps, self.first, self.upright = folder, fps, first, upright
        files = os.listdir(folder)
        names, others = _by_number(name for name in files if _is_image(name))
        if not names:
            found = f"; it has {min(others)}" if others else f"; it has {min(files)}" if files else ""
            raise FileNotFoundError(f"{folder} has no images named by frame number, such as {first:05d}.jpg{found}")
        log_left_out(folder, {"no frame number": [folder / name for name in others]})
        found = np.array([int(name.partition(".")[0]) for name in names]) - first
        order = np.argsort(found, kind="stable")
        self.numbers = found[order]
        self.names = np.array(names, np.bytes_)[order]  # bytes, because millions of str objects need too much memory
        if self.numbers[0] < 0:
            raise ValueError(f"{folder} has {self.names[0].decode()}; expected {first:05d} for the first frame")
        repeated = np.flatnonzero(np.diff(self.numbers) == 0)
        if len(repeated):
            pair = [name.decode() for name in self.names[repeated[0] : repeated[0] + 2]]
            raise ValueError(f"{folder} has two images of one frame: {' and '.join(pair)}; remove one of them")

    def times_seconds(self) -> Float[np.ndarray, "frame"]:
        """Returns the time of each frame since the start of the recording."""
        return self.numbers / self.fps

    def parts(self) -> Int[np.ndarray, "frame"]:
        """Returns the part of each frame: images have one clock."""
        return np.zeros(len(self.numbers), np.int64)

    def stretch(self) -> tuple[float, float]:
        """Returns the factors in x and y from pixels as stored: none."""
        return (1.0, 1.0)

    def path(self, number: int) -> pathlib.Path:
        """Returns the file of a frame."""
        return self.folder / self.names[np.searchsorted(self.numbers, number)].decode()

    def where(self, number: int) -> str:
        """Describes a frame by file and number, for messages."""
        return f"{self.path(number)}, frame {number}"

    def image(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels; UnreadableImage names the file, the frame and the reason."""
        return image_files.read(str(self.path(number)), self.where(number), self.upright)


def _by_number(images: Iterable[str]) -> tuple[list[str], list[str]]:
    """Separates the names of images that are frame numbers from others."""
    numbered, others = [], []
    for name in images:
        is_number = os.path.splitext(name)[0].isdecimal()
        (numbered if is_number else others).append(name)
    return numbered, others


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in image_files.SUFFIXES and not is_hidden(name)


def find_footage(root: pathlib.Path, name: str, fps: float) -> Footage:
    """Opens a recording: `root`/frames/<name>/00001.jpg..., or else the video `root`/videos/<name>.mp4 (.avi, .mkv...).

    `fps` applies to images; videos have their own. FileNotFoundError, or ValueError if it cannot be read.
    """
    path = footage_path(root, name)
    if path is None:
        raise FileNotFoundError(
            f"found neither a folder {root / FRAMES / name} of images (00001.jpg...) nor a video "
            f"{root / VIDEOS}/{name}.mp4 ({', '.join(VIDEO_SUFFIXES[1:])})" + _unread(root, name)
        )
    if not path.is_dir():
        return VideoFrames(path)
    if not fps:
        raise ValueError(f"{path} holds images, which have no frame rate; set fps")
    return NumberedImages(path, fps)


def footage_path(root: pathlib.Path, name: str) -> pathlib.Path | None:
    """The folder of images or the video of a recording; FileNotFoundError if no file can have that name."""
    if not is_possible(name):
        raise FileNotFoundError(f"no file of {root} can have the name '{name[:60]}...' of this recording")
    if (folder := root / FRAMES / name).is_dir():
        return folder
    for videos in VIDEO_FOLDERS:
        for suffix in VIDEO_SUFFIXES:
            for spelled in (suffix, suffix.upper()):
                if (path := root / videos / f"{name}{spelled}").is_file():
                    return path
    return None


def has_footage(root: pathlib.Path) -> bool:
    """Whether a folder is one that `find_footage` searches."""
    return any((root / folder).is_dir() for folder in (FRAMES, *VIDEO_FOLDERS))


def _unread(root: pathlib.Path, name: str) -> str:
    """Says under which unknown name or level the recording may lie, as the end of a message."""
    folder, _, stem = f"{VIDEOS}/{name}".rpartition("/")
    others = sorted((root / folder).glob(f"{glob.escape(stem)}*")) if (root / folder).is_dir() else []
    if others:
        return f"; there is {others[0]}, whose name or ending is not known"
    return elsewhere(root, lambda top: footage_path(top, name) is not None)


class Recording(NamedTuple):
    """The selected frames of a recording and their labels."""

    name: str
    subject: str
    footage: Footage
    chosen: Int[np.ndarray, "frame"]  # indices of the footage's frames
    labels: Labels
    notes: tuple[str, ...] = ()  # what is unlikely about it, for one log line


class Recordings:
    """The frames of several recordings as one source; each recording is one clip, unless its clock has parts."""

    def __init__(self, label_set: str, recordings: Sequence[Recording]):
        self.label_set = label_set
        for recording in recordings:
            log_notes(f"recording {recording.name}", recording.notes)
        self.footage = [recording.footage for recording in recordings]
        lengths = [len(recording.chosen) for recording in recordings]
        self.recording = np.repeat(np.arange(len(recordings)), lengths)
        frames = np.concatenate([one.footage.numbers[one.chosen] for one in recordings])
        names = np.repeat(np.array([one.name for one in recordings], object), lengths)
        parts = np.concatenate([one.footage.parts()[one.chosen] for one in recordings])
        self.examples = Table(
            [f"{name}/{frame:05d}" for name, frame in zip(names, frames, strict=True)],
            np.repeat(np.array([one.subject for one in recordings], object), lengths),
            # Where the time stamps of a video ran backwards, windows must not run on.
            [f"{name}#{part}" if part else name for name, part in zip(names, parts, strict=True)],
            frames,
            np.concatenate([one.footage.times_seconds()[one.chosen] for one in recordings]),
            jax.tree.map(lambda *leaves: np.concatenate(leaves), *(one.labels for one in recordings)),
        )

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels; raises `UnreadableImage`, which names the file and the frame."""
        return self.footage[self.recording[index]].image(int(self.examples.frames[index]))
