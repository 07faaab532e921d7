"""Windows of frames out of clips.

Frames that a source lacks (no face found, unreadable) are closed over, so that a window holds neighbors in the source,
but not over a longer gap: there a clip falls into parts.
"""

import numpy as np
from jaxtyping import Float, Int

from affect_jax.data.source import as_table
from affect_jax.ops.labels_over_time import CLOCK_TOLERANCE_SECONDS
from affect_jax.ops.sequence import counting_window, window_starts
from affect_jax.types import Source

LONGEST_GAP_SECONDS = 0.5  # between frames of a source (no face in between) that belong together,
LONGEST_GAP_FRAMES = 1.5  # or as many frames of a recording, where they lie further apart


def clip_frames(source: Source) -> dict[tuple[str, str], Int[np.ndarray, "frame"]]:
    """Indices of the frames of each (subject, clip), by frame number; ValueError for photographs and doubled frames."""
    table = as_table(source.examples)
    if not len(table):
        raise ValueError("the source is empty, expected clips")
    photographs = np.flatnonzero(table.clips == "")
    if len(photographs):
        raise ValueError(
            f"{len(photographs)} of {len(table)} examples are photographs (such as {table.names[photographs[0]]}), "
            "expected frames of clips; train an image network on them, or leave them out"
        )
    groups: dict[tuple[str, str], list[int]] = {}
    for index, key in enumerate(zip(table.subjects, table.clips, strict=True)):
        groups.setdefault(key, []).append(index)
    ordered = {}
    for key, members in groups.items():
        order = np.array(members)[np.argsort(table.frames[members], kind="stable")]
        double = np.flatnonzero(np.diff(table.frames[order]) == 0)
        if len(double):
            first, second = order[double[0] : double[0] + 2]
            raise ValueError(
                f"clip '{key[1]}' of subject '{key[0]}' has frame {table.frames[first]} twice "
                f"({table.names[first]} and {table.names[second]}); give each recording its own clip name"
            )
        ordered[key] = order
    return ordered


def longest_gap_seconds(times_seconds: Float[np.ndarray, "frame"]) -> float:
    """The longest gap in a clip over which neither windows nor labels are cut off."""
    step = float(np.median(np.diff(times_seconds))) if len(times_seconds) > 1 else 0.0
    return max(LONGEST_GAP_SECONDS, LONGEST_GAP_FRAMES * step)


def split_at_gaps(source: Source) -> list[tuple[tuple[str, str], Int[np.ndarray, "frame"]]]:
    """Parts of clips without a longer gap: (subject, clip) and indices of the frames; errors as of `clip_frames`."""
    times = as_table(source.examples).time_seconds
    parts = []
    for key, members in clip_frames(source).items():
        apart = np.diff(times[members]) > longest_gap_seconds(times[members]) + CLOCK_TOLERANCE_SECONDS
        parts += [(key, part) for part in np.split(members, np.flatnonzero(apart) + 1)]
    return parts


def check_hop(frames: int, hop: int) -> None:
    """ValueError for windows that cannot cover a clip."""
    if frames < 1 or not 1 <= hop <= frames:
        raise ValueError(f"frames is {frames} and hop {hop}, expected 1 <= hop <= frames: larger hops lose frames")


def evaluation_windows(
    source: Source, frames: int, hop: int | None = None, every: int = 1, latest: bool = False
) -> tuple[Int[np.ndarray, "window frame"], Float[np.ndarray, "window frame"]]:
    """Windows in which each frame of the source has weight 1 exactly once: indices and weights.

    A frame that several windows hold counts in the one that `ops.sequence.counting_window` names, as in prediction.
    A part of a clip (see `split_at_gaps`) shorter than a window is padded with its last frame at weight 0. `hop` None:
    half a window. With `every`, windows hold every n-th frame, and those between stand in windows of their own.
    """
    hop = max(1, frames // 2) if hop is None else hop
    check_hop(frames, hop)
    indices, weights = [], []
    for members in [clip[phase::every] for _, clip in split_at_gaps(source) for phase in range(min(every, len(clip)))]:
        padded = np.concatenate([members, np.repeat(members[-1:], max(frames - len(members), 0))])
        first = window_starts(len(padded), frames, hop)
        positions = first[:, None] + np.arange(frames)
        counting = counting_window(first, frames, np.arange(len(padded)), latest)
        mine = counting[positions] == np.arange(len(first))[:, None]
        indices.append(padded[positions])
        weights.append((mine & (positions < len(members))).astype(np.float32))
    return np.concatenate(indices), np.concatenate(weights)
