"""OMG-Emotion: utterances from YouTube videos, each with one valence, arousal and emotion.

Lists are `omg_TrainVideos.csv` etc. as distributed; frames are in root/videos/<video>/utterance_1.mp4 or
root/frames/<video>/utterance_1/00001.jpg. Arousal is in [0, 1], where 0 is calm, and is not rescaled, because the
challenge scores are defined on it; combined with other data sets, its arousal is one-sided.
Source: Barros et al., The OMG-Emotion behavior dataset, IJCNN 2018.
"""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np

from affect_jax import emotions
from affect_jax.data.readers.cell_values import parse_emotion
from affect_jax.data.readers.collection import Collection
from affect_jax.data.readers.lists import ListFile, existing_folder
from affect_jax.data.readers.traces import ClipConfig, parse_number, resolve_split
from affect_jax.data.recordings import Footage, Recording, Recordings
from affect_jax.data.skipped import RowFault
from affect_jax.data.source import unlabeled
from affect_jax.data.whereabouts import elsewhere
from affect_jax.files.delimited import is_missing
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

LABEL_SET = "omg_7"
FILES = {
    "training": "omg_TrainVideos.csv",
    "validation": "omg_ValidationVideos.csv",
    "test": "omg_TestVideos_WithLabels.csv",
}
COLUMNS = ("video", "utterance", "arousal", "valence", "EmotionMaxVote")


@dataclasses.dataclass(frozen=True)
class OMGConfig(ClipConfig):
    """`split` is training, validation or test."""

    def __post_init__(self):
        super().__post_init__()
        resolve_split(self.split, FILES)

    @property
    def own_split(self) -> str:
        return resolve_split(self.split, FILES)


class Utterance(NamedTuple):
    """One row of the list."""

    video: str
    name: str  # of the recording: video and utterance
    valence_arousal: tuple[float, float] | None  # None: without a value
    emotion: int | None


def omg(config: OMGConfig) -> Recordings:
    """Reads all frames of the utterances, each with the labels of its utterance; the video is the subject.

    Many videos are no longer on YouTube and count as skipped; raise max_skipped_fraction to proceed without them.
    """
    root = existing_folder(config.root, "root is the folder with omg_TrainVideos.csv and videos/")
    path = root / config.own_split
    if not path.is_file():
        lists = ", ".join(entry.name for entry in sorted(root.glob("[!.]*.csv"))[:5])
        found = f"; lists found there: {lists}" if lists else ""
        hint = elsewhere(root, lambda top: (top / config.own_split).is_file())
        raise FileNotFoundError(f"no file {path}, expected the list of split '{config.split}'{found}{hint}")
    found = Collection("omg", config, root, str(path))
    lines = ListFile(path, COLUMNS)
    seen = set()
    for row, cells in lines:
        found.total_rows += 1
        try:
            utterance = _utterance(lines.named(cells))
            if utterance.name in seen:
                raise RowFault("utterance is listed twice", utterance.name)
        except RowFault as fault:
            found.rows.refuse(str(path), row, fault)
            continue
        seen.add(utterance.name)
        if utterance.valence_arousal is None and utterance.emotion is None:
            found.rows.left_out.append((str(path), row, "utterance without a value"))
            continue
        if (footage := found.footage(utterance.name, f"{path}, row {row}")) is not None:
            found.add(_recording(utterance, footage), f"{path}, row {row}")
    return found.source(LABEL_SET)


def _utterance(row: dict[str, str]) -> Utterance:
    stem = pathlib.PurePosixPath(row["utterance"]).stem
    for column, cell in (("video", row["video"]), ("utterance", stem)):
        if not cell or cell in (".", "..") or "/" in cell or "\\" in cell:
            raise RowFault(f"{column} is not a name", f"{column} is '{cell[:40]}', expected a file name")
    vote = row["EmotionMaxVote"]
    return Utterance(
        row["video"],
        f"{row['video']}/{stem}",
        _affect(row),
        None if is_missing(vote) else parse_emotion("EmotionMaxVote", vote, emotions.names(LABEL_SET)),
    )


def _affect(row: dict[str, str]) -> tuple[float, float] | None:
    if is_missing(row["valence"]) and is_missing(row["arousal"]):
        return None
    return parse_number("valence", row["valence"], -1.0, 1.0), parse_number("arousal", row["arousal"], 0.0, 1.0)


def _recording(utterance: Utterance, footage: Footage) -> Recording:
    labels = unlabeled(len(footage.numbers), LABEL_SET, ("valence_arousal", "emotion"))
    affect = labels["valence_arousal"].value
    if utterance.valence_arousal is not None:
        affect[:, VALENCE], affect[:, AROUSAL] = utterance.valence_arousal
        labels["valence_arousal"].weight[:] = 1
    if utterance.emotion is not None:
        labels["emotion"].value[:, utterance.emotion] = labels["emotion"].weight[:] = 1
    return Recording(utterance.name, utterance.video, footage, np.arange(len(footage.numbers)), labels)
