"""Windows over a recording."""

import numpy as np
import pytest

from affect_jax.ops.sequence import overlap_average, window_starts


def test_starts_by_hand():
    assert window_starts(10, 4, 2).tolist() == [0, 2, 4, 6]
    assert window_starts(11, 4, 2).tolist() == [0, 2, 4, 6, 7]  # one more, so that frame 10 is seen
    assert window_starts(3, 4, 2).tolist() == [0]


@pytest.mark.parametrize(
    ("length", "frames", "hop"), [(1, 1, 1), (3, 8, 4), (8, 8, 4), (9, 8, 4), (50, 7, 3), (51, 6, 6)]
)
def test_the_average_of_unchanged_windows_is_the_recording(length, frames, hop):
    recording = np.random.default_rng(length).normal(size=(length, 2))
    starts = window_starts(length, frames, hop)
    windows = recording[np.minimum(starts[:, None] + np.arange(frames), length - 1)]
    merged = overlap_average(windows, starts, length)
    np.testing.assert_allclose(merged, recording, rtol=1e-12)


def test_overlapping_windows_are_averaged_frame_by_frame():
    windows = np.array([[1.0, 1.0, 1.0, 1.0], [3.0, 3.0, 3.0, 3.0]])
    assert overlap_average(windows, np.array([0, 2]), 6).tolist() == [1, 1, 2, 2, 3, 3]


def test_bad_hop_and_uncovered_frames_are_refused():
    with pytest.raises(ValueError, match=r"9 frames cannot be cut into windows of 4 every 5: expected hop 1\.\.frames"):
        window_starts(9, 4, 5)
    with pytest.raises(ValueError, match="frame 2 of 3 lies in no window"):
        overlap_average(np.ones((1, 2)), np.array([0]), 3)
