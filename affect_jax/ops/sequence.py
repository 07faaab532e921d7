"""Frames to overlapping windows and back."""

import numpy as np
from jaxtyping import Float, Int


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


def overlap_average(
    windows: Float[np.ndarray, "window frames *rest"], starts: Int[np.ndarray, "window"], length: int
) -> Float[np.ndarray, "length *rest"]:
    """Mean over all windows that saw a frame; what a window holds past the end of the recording is dropped."""
    frames = windows.shape[1]
    total = np.zeros((length, *windows.shape[2:]), windows.dtype)
    count = np.zeros(length, windows.dtype)
    for start, window in zip(starts, windows, strict=True):
        stop = min(int(start) + frames, length)
        total[start:stop] += window[: stop - start]
        count[start:stop] += 1
    if not count.all():
        raise ValueError(
            f"frame {int(np.argmin(count))} of {length} lies in no window; take the starts of window_starts"
        )
    return total / count.reshape(-1, *([1] * (total.ndim - 1)))
