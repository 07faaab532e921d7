"""Overlapping windows over a recording, and the window that each frame's prediction is taken from."""

import numpy as np
from jaxtyping import Int

LONGEST_GAP_SECONDS = 0.5  # longest gap inside a window,
LONGEST_GAP_FRAMES = 1.5  # or this many frame intervals, whichever is longer


def longest_gap_seconds(step_seconds: float) -> float:
    """Returns the longest time between two frames of one window, by the usual step between frames.

    In evaluation and in prediction, frames without a face are skipped inside a window, and a longer gap ends it.
    """
    return max(LONGEST_GAP_SECONDS, LONGEST_GAP_FRAMES * step_seconds)


def window_starts(length: int, frames: int, hop: int) -> Int[np.ndarray, "window"]:
    """Returns the first frame of each window over a recording; together the windows cover every frame.

    Windows start `hop` frames apart; if that leaves frames at the end uncovered, one more window ends with the last
    frame. A recording shorter than a window has a single window, which starts at its first frame.
    """
    if length < 1 or frames < 1 or not 1 <= hop <= frames:
        raise ValueError(f"{length} frames cannot be cut into windows of {frames} every {hop}: expected hop 1..frames")
    starts = np.arange(0, max(length - frames, 0) + 1, hop)
    last = max(length - frames, 0)
    return starts if starts[-1] == last else np.append(starts, last)


def past_places(places: Int[np.ndarray, "place"], frames: int) -> Int[np.ndarray, "place frame"]:
    """Returns, for each place in a recording, the `frames` places that end with it; those before its start are 0.

    This is what a network sees that predicts the newest frame of a clip, in evaluation and in prediction.
    """
    return np.maximum(places[:, None] + np.arange(1 - frames, 1), 0)


def counting_window(
    starts: Int[np.ndarray, "window"], frames: int, places: Int[np.ndarray, "place"], latest: bool = False
) -> Int[np.ndarray, "place"]:
    """Selects, for each frame, the window whose prediction it gets.

    That is the window whose middle is closest to the frame, where the network sees the most context around it (ties go
    to the earlier window), or, if `latest`, the window in which the frame comes last, where a causal network sees the
    most of its past.

    Args:
      starts: first frame of each window, increasing; together the windows cover all `places`.
      frames: length of a window.
      places: frames of the recording.
      latest: whether the network is causal.
    """
    if latest:
        # The earliest window that contains the frame.
        return np.searchsorted(starts + frames - 1, places)
    middles = starts + (frames - 1) / 2
    return np.abs(places - middles[:, None]).argmin(0)
