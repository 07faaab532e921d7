"""Splits clips into windows of frames.

Short gaps of missing frames (no face found, unreadable) are skipped, so a window holds consecutive frames of the
source. A longer gap splits the clip into parts.
"""

import numpy as np
from jaxtyping import Float, Int

from affect_jax.data.source import as_table
from affect_jax.ops import sequence
from affect_jax.ops.labels_over_time import CLOCK_TOLERANCE_SECONDS
from affect_jax.ops.sequence import counting_window, past_places, window_starts
from affect_jax.types import Source


def clip_frames(source: Source) -> dict[tuple[str, str], Int[np.ndarray, "frame"]]:
    """Returns the frame indices of each (subject, clip), by frame number; ValueError for stills and repeated frames."""
    table = as_table(source.examples)
    if not len(table):
        raise ValueError("the source is empty, expected clips")
    stills = np.flatnonzero(table.clips == "")
    if len(stills):
        raise ValueError(
            f"{len(stills)} of {len(table)} examples are still images (such as {table.names[stills[0]]}), "
            "expected frames of clips; train an image network on them, or exclude them"
        )
    groups: dict[tuple[str, str], list[int]] = {}
    for index, key in enumerate(zip(table.subjects, table.clips, strict=True)):
        groups.setdefault(key, []).append(index)
    ordered = {}
    for key, members in groups.items():
        order = np.array(members)[np.argsort(table.frames[members], kind="stable")]
        repeated = np.flatnonzero(np.diff(table.frames[order]) == 0)
        if len(repeated):
            first, second = order[repeated[0] : repeated[0] + 2]
            raise ValueError(
                f"clip '{key[1]}' of subject '{key[0]}' has frame {table.frames[first]} twice "
                f"({table.names[first]} and {table.names[second]}); give each recording its own clip name"
            )
        ordered[key] = order
    return ordered


def longest_gap_seconds(times_seconds: Float[np.ndarray, "frame"]) -> float:
    """Returns the longest gap of a clip that windows and labels may span."""
    return sequence.longest_gap_seconds(float(np.median(np.diff(times_seconds))) if len(times_seconds) > 1 else 0.0)


def split_at_gaps(source: Source) -> list[tuple[tuple[str, str], Int[np.ndarray, "frame"]]]:
    """Splits clips at long gaps into ((subject, clip), frame indices); raises the same errors as `clip_frames`."""
    times = as_table(source.examples).time_seconds
    parts = []
    for key, members in clip_frames(source).items():
        apart = np.diff(times[members]) > longest_gap_seconds(times[members]) + CLOCK_TOLERANCE_SECONDS
        parts += [(key, part) for part in np.split(members, np.flatnonzero(apart) + 1)]
    return parts


def check_hop(frames: int, hop: int) -> None:
    """ValueError if the windows cannot cover a clip."""
    if frames < 1 or not 1 <= hop <= frames:
        raise ValueError(f"frames is {frames} and hop {hop}, expected 1 <= hop <= frames; a larger hop skips frames")


def _subsample(source: Source, every: int) -> list[Int[np.ndarray, "frame"]]:
    """Frame indices of each part of a clip at each phase of the subsampling."""
    found = []
    for _, part in split_at_gaps(source):
        for phase in range(min(every, len(part))):
            found.append(part[phase::every])
    return found


def evaluation_windows(
    source: Source, frames: int, hop: int | None = None, every: int = 1, latest: bool = False
) -> tuple[Int[np.ndarray, "window frame"], Float[np.ndarray, "window frame"]]:
    """Returns the indices and weights of windows in which each frame of the source has weight 1 exactly once.

    A frame in several windows counts in the one that `ops.sequence.counting_window` selects, as in prediction.
    A part of a clip (see `split_at_gaps`) shorter than a window is padded with its last frame at weight 0. `hop` None
    means half a window. With `every`, windows hold every n-th frame, and the frames in between form their own windows.
    """
    hop = max(1, frames // 2) if hop is None else hop
    check_hop(frames, hop)
    indices, weights = [], []
    for members in _subsample(source, every):
        padded = np.concatenate([members, np.repeat(members[-1:], max(frames - len(members), 0))])
        first = window_starts(len(padded), frames, hop)
        positions = first[:, None] + np.arange(frames)
        counting = counting_window(first, frames, np.arange(len(padded)), latest)
        mine = counting[positions] == np.arange(len(first))[:, None]
        indices.append(padded[positions])
        weights.append((mine & (positions < len(members))).astype(np.float32))
    return np.concatenate(indices), np.concatenate(weights)


def newest_windows(
    source: Source, frames: int, every: int = 1
) -> tuple[Int[np.ndarray, "window frame"], Float[np.ndarray, "window frame"]]:
    """Returns the indices and weights of windows for a network that predicts the newest frame of each.

    There is one for each frame of the source: it ends with that frame, which alone has weight 1. Where a part of a clip
    (see `split_at_gaps`) has just begun, its first frame is repeated on the left. `every` as in `evaluation_windows`.
    """
    if frames < 1:
        raise ValueError(f"frames is {frames}; expected at least 1")
    parts = _subsample(source, every)
    indices = np.concatenate([members[past_places(np.arange(len(members)), frames)] for members in parts])
    weights = np.zeros(indices.shape, np.float32)
    weights[:, -1] = 1
    return indices, weights
