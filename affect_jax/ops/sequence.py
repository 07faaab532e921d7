"""Frames to overlapping windows, and the one window in which each frame counts."""

import numpy as np
from jaxtyping import Int


def window_starts(length: int, frames: int, hop: int) -> Int[np.ndarray, "window"]:
    """First frame of each window over a recording; together the windows cover every frame.

    Windows start `hop` apart; one more ends at the last frame where they leave a rest. A recording shorter than
    a window has one window, which begins at its first frame.
    """
    if length < 1 or frames < 1 or not 1 <= hop <= frames:
        raise ValueError(f"{length} frames cannot be cut into windows of {frames} every {hop}: expected hop 1..frames")
    starts = np.arange(0, max(length - frames, 0) + 1, hop)
    last = max(length - frames, 0)
    return starts if starts[-1] == last else np.append(starts, last)


def counting_window(
    starts: Int[np.ndarray, "window"], frames: int, places: Int[np.ndarray, "place"], latest: bool = False
) -> Int[np.ndarray, "place"]:
    """The window whose prediction a frame gets, of those that hold it.

    That is the window in whose middle the frame stands nearest, because there the network sees most of what is around
    it (a tie goes to the earlier window), or, if `latest`, the one in which it stands last, because there a causal
    network sees most of its past.

    Args:
      starts: first frame of each window, increasing; together the windows hold every place.
      frames: length of a window.
      places: frames of the recording.
      latest: whether the network is causal.
    """
    if latest:
        return np.searchsorted(starts + frames - 1, places)  # the first that holds it
    middles = starts + (frames - 1) / 2
    return np.abs(places - middles[:, None]).argmin(0)
