"""Shared parts of clip readers: options, official splits, label traces, and labeled recordings."""

import dataclasses
import math
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import logging
from jaxtyping import Float

from affect_jax.data.belonging import check_times
from affect_jax.data.landmark_tables import LANDMARK_TABLES, picture_size, with_landmarks
from affect_jax.data.readers.lists import ListConfig, ListFile
from affect_jax.data.recordings import Footage, Recording, Recordings, find_footage
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.data.whole_images import require_crops, some_sizes
from affect_jax.files.delimited import is_missing
from affect_jax.ops.labels_over_time import resample
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

LABEL_SET = "affectnet_8"  # for data sets without emotion labels
ALL = "all"
UNKNOWN = "?"  # missing value in ARFF
LONGEST_STEP = 1.5  # labels are not interpolated over steps longer than this multiple of the median
SPLIT_WORDS = {"train": "training", "val": "validation", "dev": "validation", "devel": "validation"}
LAYOUT = "expected next to the labels: videos/<name>.mp4 or frames/<name>/00001.jpg, and landmarks/<name>.csv"


@dataclasses.dataclass(frozen=True)
class ClipConfig(ListConfig):
    """A data set of recordings: root/frames/<name>/00001.jpg or root/videos/<name>.mp4.

    If there is a folder root/landmarks, its OpenFace 2 tables landmarks/<name>.csv locate the face, and frames without
    a face are excluded. Otherwise the crop is the whole image, which suits videos of already cropped faces; other
    videos are refused.
    """

    fps: float = 0.0  # frames per second of extracted images; videos have their own
    allow_whole_images: bool = False  # use whole pictures without landmarks, although they are no face crops

    def __post_init__(self):
        if not (math.isfinite(self.fps) and self.fps >= 0):
            raise ValueError(f"fps is {self.fps}; expected frames per second, or 0 if frames come from videos")


def resolve_split(split: str, words: Mapping[str, Any]) -> Any:
    """Maps a split to the name used by the data set, using `words`; ValueError lists the known splits."""
    known = SPLIT_WORDS.get(split.lower(), split.lower())
    if known not in words:
        raise ValueError(f"split is '{split}'; choose {', '.join(words)}")
    return words[known]


def parse_number(column: str, cell: str, low: float, high: float) -> float:
    """Parses a number; RowFault if it is not one or not in low..high."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        hint = "; export the list with decimal points" if "," in str(cell) else ""
        raise RowFault(
            f"{column} is not a number", f"{column} is '{str(cell)[:20]}', expected {low:g} to {high:g}{hint}"
        )
    if not low <= value <= high:
        raise RowFault(f"{column} out of {low:g}..{high:g}", f"{column} is {cell}, expected {low:g} to {high:g}")
    return value


class Trace(NamedTuple):
    """Labels with their own time stamps."""

    times_seconds: Float[np.ndarray, "sample"]
    values: Float[np.ndarray, "sample dimension"]
    weight: Float[np.ndarray, "sample"]

    def at(
        self, times_seconds: Float[np.ndarray, "frame"]
    ) -> tuple[Float[np.ndarray, "frame dimension"], Float[np.ndarray, "frame"]]:
        """Interpolates values and weights at the times of frames; no extrapolation, and none across gaps."""
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
    """Reads columns of a list over time, with values in [-1, 1], and counts its rows.

    A row with an unusable value is recorded as a fault and leaves an unlabeled sample; one whose time is unusable or
    not increasing is recorded and dropped. A row without a value in any column ("?", "nan", "-nan(ind)", empty) is no
    fault. `check` may raise RowFault for a row.
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
            missing = [column for column in columns if is_missing(named[column])]
            if len(missing) == len(columns):
                skipped.left_out.append((str(lines.path), row, f"{', '.join(columns[:2])} without a value"))
            elif UNKNOWN not in (named[column] for column in columns):
                values[-1] = [parse_number(column, named[column], -1.0, 1.0) for column in columns]
                weight[-1] = 1.0
        except RowFault as fault:
            skipped.refuse(str(lines.path), row, RowFault(fault.reason, f"{fault} ({lines.path}, row {row})"))
    if not total:
        raise ValueError(f"{lines.path} has a header but no rows; is it truncated?")
    shape = (len(times), len(columns))
    return Trace(np.array(times, np.float64), np.array(values, np.float32).reshape(shape), np.array(weight)), total


def label_recording(name: str, subject: str, footage: Footage, dimensions: Mapping[int, Trace]) -> Recording:
    """Labels all frames of a recording with valence and arousal; frames without both have weight 0.

    ValueError if the times of the labels cannot be those of the recording.
    """
    times, notes = footage.times_seconds(), []
    for trace in dimensions.values():
        notes += [note for note in check_times(name, trace.times_seconds, times) if note not in notes]
    labels = unlabeled(len(times), LABEL_SET, ("valence_arousal",))
    weight = np.ones(len(times))
    for dimension, trace in dimensions.items():
        values, known = trace.at(times)
        labels["valence_arousal"].value[:, dimension] = values[:, 0]
        weight = np.minimum(weight, known)
    labels["valence_arousal"].weight[:] = weight
    labels["valence_arousal"].value[weight == 0] = 0
    return Recording(name, subject, footage, np.arange(len(times)), labels, tuple(notes))


class Collection:
    """Collects recordings; missing or unreadable ones are counted like unusable rows."""

    def __init__(self, reader: str, config: ClipConfig, root: pathlib.Path, where: str):
        self.reader, self.config, self.root, self.where = reader, config, root, where
        self.rows, self.recordings = config.skipped(where), config.skipped(f"{where}: recordings")
        self.total_rows, self.found, self.names = 0, [], []

    def footage(self, name: str, place: str) -> Footage | None:
        """Opens the frames of a recording; returns None and counts it if there are none."""
        self.names.append(name)
        try:
            return find_footage(self.root, name, self.config.fps)
        except (FileNotFoundError, ValueError) as error:
            kind = "is missing" if isinstance(error, FileNotFoundError) else "cannot be read"
            self.recordings.refuse(place, len(self.names), RowFault(f"recording {kind}", str(error)), detailed=True)
            return None

    def add_traces(self, name: str, footage: Footage, traces: Mapping[int, Trace], place: str) -> None:
        """Adds a recording, which is its own subject, with labels over time; one they do not belong to is counted."""
        try:
            recording = label_recording(name, name, footage, traces)
        except ValueError as error:
            fault = RowFault("label times do not belong to the recording", f"{error} ({place})")
            self.recordings.refuse(place, len(self.names), fault, detailed=True)
        else:
            self.add(recording, place)

    def add(self, recording: Recording, place: str) -> None:
        """Adds a recording with its landmarks; one with unusable landmarks is counted instead."""
        try:
            self.found.append(with_landmarks(recording, self.root))
        except (FileNotFoundError, ValueError) as error:
            self.recordings.refuse(
                place, len(self.names), RowFault("recording has no usable landmarks", str(error)), detailed=True
            )

    def source(self, label_set: str = LABEL_SET) -> Recordings:
        """Returns the collected recordings; FileNotFoundError if all are missing.

        ValueError if too many are missing, or if there are no landmarks and most pictures plainly are no face crops.
        """
        if self.names and not self.found and len(self.recordings.faults) == len(self.names):
            self.recordings.write()
            example = f"{self.root}/videos/{self.names[0]}.mp4 or {self.root}/frames/{self.names[0]}/00001.jpg"
            missing = set(self.recordings.counts()) & {"recording is missing", "recording cannot be read"}
            reasons = ", ".join(self.recordings.counts())
            raise (FileNotFoundError if missing else ValueError)(
                f"none of the {len(self.names)} recordings of {self.where} can be used ({reasons}); the first is "
                f"{self.recordings.first}" + (f"; expected {example}" if missing else "")
            )
        self.rows.finish(self.total_rows)
        self.recordings.finish(len(self.names))
        if not self.found:
            raise ValueError(f"{self.where} has no usable recordings")
        if (self.root / LANDMARK_TABLES).is_dir():
            logging.info("%s: faces are cropped by the tables in %s", self.where, self.root / LANDMARK_TABLES)
        else:
            sizes = some_sizes(len(self.found), lambda index: picture_size(self.found[index].footage))
            require_crops(self.reader, self.root, sizes, self.config.allow_whole_images)
        return Recordings(label_set, self.found)


def split_dimensions(trace: Trace, columns: Sequence[str]) -> dict[int, Trace]:
    """Splits a trace of several columns into one trace per dimension."""
    index = {"valence": VALENCE, "arousal": AROUSAL}
    return {
        index[column]: Trace(trace.times_seconds, trace.values[:, place : place + 1], trace.weight)
        for place, column in enumerate(columns)
    }
