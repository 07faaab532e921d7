"""A folder of cropped faces, one sub-folder an emotion: `root/[split/]happy/anything.jpg`."""

import dataclasses
import pathlib

import numpy as np

from affect_jax import emotions
from affect_jax.data import picture
from affect_jax.data.skipped import SkippedRows
from affect_jax.data.source import PictureFiles, Table, no_labels


@dataclasses.dataclass(frozen=True)
class FolderConfig:
    """`split` is a sub-folder of `root`, or "" where the emotion folders lie in `root` itself."""

    root: str
    split: str = ""
    label_set: str = "affectnet_8"
    max_skipped_fraction: float = 0.01  # of all pictures, before the run stops
    skipped_csv: str = ""  # file the skipped pictures are added to
    check_images: bool = True  # look at both ends of every picture file first


def folder(config: FolderConfig) -> PictureFiles:
    """Faces labelled by the name of their folder, in the order of emotion and file name; the whole picture is the crop.

    ValueError for a folder that is no emotion of the label set; rows of messages count the pictures from 1.
    """
    top = pathlib.Path(config.root) / config.split
    if not top.is_dir():
        raise FileNotFoundError(f"no folder {top}; expected one sub-folder an emotion under root/split")
    names = emotions.names(config.label_set)
    folders = [path for path in sorted(top.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    if wrong := [path.name for path in folders if path.name.lower() not in names]:
        raise ValueError(
            f"{top}: folder {', '.join(wrong)} is no emotion of {config.label_set}; "
            f"expected {', '.join(names)}: rename it, move it away, or choose another label_set"
        )
    files = [
        (path, names.index(emotion.name.lower()))
        for emotion in sorted(folders, key=lambda path: names.index(path.name.lower()))
        for path in sorted(emotion.rglob("*"))
        if path.suffix.lower() in picture.SUFFIXES and not path.name.startswith(".")
    ]
    kept = _whole(files, str(top), config) if config.check_images else files
    if not kept:
        raise ValueError(f"{top} holds no picture; expected files such as {top}/{names[0]}/a.jpg")
    labels = no_labels(len(kept), len(names))
    labels.emotion[:] = np.eye(len(names))[[emotion for _, emotion in kept]]
    labels.emotion_weight[:] = 1
    relative = [path.relative_to(top).as_posix() for path, _ in kept]
    table = Table(
        names=relative,
        subjects=[name.rpartition(".")[0] for name in relative],
        clips=[""] * len(kept),
        frames=np.zeros(len(kept), np.int64),
        time_seconds=np.zeros(len(kept)),
        labels=labels,
    )
    places = [f"{top}, picture {row}" for row in range(1, len(kept) + 1)]
    return PictureFiles(config.label_set, table, [str(path) for path, _ in kept], places)


def _whole(files: list[tuple[pathlib.Path, int]], where: str, config: FolderConfig) -> list[tuple[pathlib.Path, int]]:
    skipped = SkippedRows(where, config.max_skipped_fraction, config.skipped_csv)
    kept = []
    for row, (path, emotion) in enumerate(files, 1):
        if reason := picture.fault(str(path)):
            skipped.faults.append((str(path), row, reason))
        else:
            kept.append((path, emotion))
    skipped.finish(len(files))
    return kept
