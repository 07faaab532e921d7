"""What readers of clips share: options, published splits, traces of labels, and recordings made of both."""

import dataclasses
import math
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from affect_jax.data.readers.rows import ListConfig, ListFile
from affect_jax.data.recordings import Footage, Recording, Recordings, find_footage, with_landmarks
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.ops.labels_over_time import resample
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

LABEL_SET = "affectnet_8"  # of data sets that name no emotions: all weights are 0
ALL = "all"
UNKNOWN = "?"  # a value of ARFF
LONGEST_STEP = 1.5  # of the usual step between samples; over longer ones labels are not interpolated
SPLIT_WORDS = {"train": "training", "val": "validation", "dev": "validation", "devel": "validation"}
LAYOUT = "expected the labels and beside them videos/<name>.mp4 or frames/<name>/00001.jpg, and landmarks/<name>.csv"


@dataclasses.dataclass(frozen=True)
class ClipConfig(ListConfig):
    """Where a data set of recordings lies: root/frames/<name>/00001.jpg or root/videos/<name>.mp4.

    Where there is a folder root/landmarks, landmarks/<name>.csv of OpenFace 2 say where the face is; frames without a
    face are left out. Without it the whole image is the crop, which suits videos of faces that are cut out already.
    """

    fps: float = 0.0  # frames a second of frames kept as images, which do not say; videos know their own

    def __post_init__(self):
        if not (math.isfinite(self.fps) and self.fps >= 0):
            raise ValueError(f"fps is {self.fps}; expected frames a second, or 0 where frames come from videos")


def resolve_split(split: str, words: Mapping[str, Any]) -> Any:
    """The data set's own word for a split; `words` maps training, validation, test to them. ValueError lists both."""
    known = SPLIT_WORDS.get(split.lower(), split.lower())
    if known not in words:
        raise ValueError(f"split is '{split}'; choose {', '.join(words)}")
    return words[known]


def parse_number(column: str, cell: str, low: float, high: float) -> float:
    """A number of a cell; RowFault when it is none or not in low..high."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RowFault(f"{column} is not a number", f"{column} is '{str(cell)[:20]}', expected {low:g} to {high:g}")
    if not low <= value <= high:
        raise RowFault(f"{column} out of {low:g}..{high:g}", f"{column} is {cell}, expected {low:g} to {high:g}")
    return value


class Trace(NamedTuple):
    """Labels on their own clock."""

    times_seconds: Float[np.ndarray, "sample"]
    values: Float[np.ndarray, "sample dimension"]
    weight: Float[np.ndarray, "sample"]

    def at(
        self, times_seconds: Float[np.ndarray, "frame"]
    ) -> tuple[Float[np.ndarray, "frame dimension"], Float[np.ndarray, "frame"]]:
        """Values and weights at the times of frames; nothing is extrapolated, nor put where samples lack."""
        steps = np.diff(self.times_seconds)
        longest = LONGEST_STEP * float(np.median(steps)) if len(steps) else np.inf
        return resample(self.times_seconds, self.values, self.weight, times_seconds, longest)


def read_trace(
    lines: ListFile,
    time: str,
    columns: Sequence[str],
    skipped: SkippedRows,
    check: Callable[[dict[str, str]], None] = lambda row: None,
) -> tuple[Trace, int]:
    """Columns of a list over time, valence and arousal in [-1, 1], and the number of its rows.

    A row with an unusable value is refused and leaves an unknown sample; one whose time is unusable or does not
    increase is refused and left out. `check` may raise RowFault of a row. ValueError for a list without rows.
    """
    times, values, weight, total = [], [], [], 0
    for row, cells in lines:
        total += 1
        try:
            named = lines.named(cells)
            check(named)
            when = parse_number(time, named[time], 0.0, 1e6)
            if times and when <= times[-1]:
                raise RowFault(f"{time} does not increase", f"{when:g} after {times[-1]:g} ({lines.path})")
            times.append(when)
            values.append([0.0] * len(columns))
            weight.append(0.0)
            if UNKNOWN not in (named[column] for column in columns):
                values[-1] = [parse_number(column, named[column], -1.0, 1.0) for column in columns]
                weight[-1] = 1.0
        except RowFault as fault:
            skipped.refuse(str(lines.path), row, RowFault(fault.reason, f"{fault} ({lines.path}, row {row})"))
    if not total:
        raise ValueError(f"{lines.path} has a header and no sample; expected a row for each {time}: is it cut off?")
    shape = (len(times), len(columns))
    return Trace(np.array(times, np.float64), np.array(values, np.float32).reshape(shape), np.array(weight)), total


def rated_recording(name: str, subject: str, footage: Footage, dimensions: Mapping[int, Trace]) -> Recording:
    """All frames of a recording with valence and arousal; a frame that lacks one of them has weight 0."""
    times = footage.times_seconds()
    labels = unlabeled(len(times), LABEL_SET, ("valence_arousal",))
    weight = np.ones(len(times))
    for dimension, trace in dimensions.items():
        values, known = trace.at(times)
        labels["valence_arousal"].value[:, dimension] = values[:, 0]
        weight = np.minimum(weight, known)
    labels["valence_arousal"].weight[:] = weight
    labels["valence_arousal"].value[weight == 0] = 0
    return Recording(name, subject, footage, np.arange(len(times)), labels)


class Collection:
    """Recordings as they are found; those that lack or cannot be read are counted like unusable rows."""

    def __init__(self, config: ClipConfig, root: pathlib.Path, where: str):
        self.config, self.root, self.where = config, root, where
        self.rows, self.recordings = config.skipped(where), config.skipped(f"{where}: recordings")
        self.total_rows, self.found, self.names = 0, [], []

    def footage(self, name: str, place: str) -> Footage | None:
        """The frames of a recording; None, counted, where there are none."""
        self.names.append(name)
        try:
            return find_footage(self.root, name, self.config.fps)
        except (FileNotFoundError, ValueError) as error:
            kind = "is missing" if isinstance(error, FileNotFoundError) else "cannot be read"
            self.recordings.refuse(place, len(self.names), RowFault(f"recording {kind}", str(error)))
            return None

    def add(self, recording: Recording, place: str) -> None:
        """Takes a recording with the landmarks that lie beside it; one whose landmarks are of no use is counted."""
        try:
            self.found.append(with_landmarks(recording, self.root))
        except (FileNotFoundError, ValueError) as error:
            self.recordings.refuse(place, len(self.names), RowFault("recording has no usable landmarks", str(error)))

    def source(self, label_set: str = LABEL_SET) -> Recordings:
        """What was found; ValueError when too much was not, FileNotFoundError when nothing was."""
        if self.names and not self.found and len(self.recordings.faults) == len(self.names):
            example = f"{self.root}/videos/{self.names[0]}.mp4 or {self.root}/frames/{self.names[0]}/00001.jpg"
            reasons = ", ".join(self.recordings.counts())
            raise FileNotFoundError(
                f"none of {len(self.names)} recordings of {self.where} can be read ({reasons}); expected {example}"
            )
        self.rows.finish(self.total_rows)
        self.recordings.finish(len(self.names))
        if not self.found:
            raise ValueError(f"{self.where} holds no usable recording")
        return Recordings(label_set, self.found)


def affect_dimensions(trace: Trace, columns: Sequence[str]) -> dict[int, Trace]:
    """A trace of several columns as one trace a dimension."""
    index = {"valence": VALENCE, "arousal": AROUSAL}
    return {
        index[column]: Trace(trace.times_seconds, trace.values[:, place : place + 1], trace.weight)
        for place, column in enumerate(columns)
    }
