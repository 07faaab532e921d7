"""Shared parts of clip readers: options, official splits, and label traces."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from affect_jax.data.readers.cell_values import parse_finite
from affect_jax.data.readers.lists import ListConfig, ListFile
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.files.delimited import is_missing
from affect_jax.ops.labels_over_time import resample
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

LABEL_SET = "affectnet_8"  # for data sets without emotion labels
ALL = "all"
UNKNOWN = "?"  # missing value in ARFF
LONGEST_STEP = 1.5  # labels are not interpolated over steps longer than this multiple of the median
SPLIT_WORDS = {"train": "training", "val": "validation", "dev": "validation", "devel": "validation"}


@dataclasses.dataclass(frozen=True)
class ClipConfig(ListConfig):
    """A data set of recordings: root/frames/<name>/00001.jpg or root/videos/<name>.mp4.

    If there is a folder root/landmarks, its OpenFace 2 tables landmarks/<name>.csv locate the face, and frames without
    a face are excluded. Otherwise the crop is the whole image, which suits videos of already cropped faces; other
    videos are refused.
    """

    fps: float = 0.0  # frames per second of extracted images; videos have their own
    allow_whole_images: bool = False  # use whole pictures without landmarks, although they are not face crops

    def __post_init__(self):
        super().__post_init__()
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
    value = parse_finite(column, cell, f"{low:g} to {high:g}")
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


def split_dimensions(trace: Trace, columns: Sequence[str]) -> dict[int, Trace]:
    """Splits a trace of several columns into one trace per dimension."""
    index = {"valence": VALENCE, "arousal": AROUSAL}
    return {
        index[column]: Trace(trace.times_seconds, trace.values[:, place : place + 1], trace.weight)
        for place, column in enumerate(columns)
    }
