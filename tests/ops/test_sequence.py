"""Windows over a recording."""

import numpy as np
import pytest

from affect_jax.ops.sequence import counting_window, window_starts


def test_starts_by_hand():
    assert window_starts(10, 4, 2).tolist() == [0, 2, 4, 6]
    assert window_starts(11, 4, 2).tolist() == [0, 2, 4, 6, 7]  # one more, so that frame 10 is seen
    assert window_starts(3, 4, 2).tolist() == [0]


def test_a_frame_counts_in_the_window_whose_middle_is_nearest():
    starts = np.array([0, 2, 4, 5])  # windows of 4, of middles 1.5, 3.5, 5.5 and 6.5
    assert counting_window(starts, 4, np.arange(9)).tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert counting_window(np.array([0, 3]), 6, np.array([4])).tolist() == [0]  # 1.5 from both: the earlier one


def test_for_a_causal_network_a_frame_counts_where_it_stands_last():
    starts = np.array([0, 2, 4, 5])
    assert counting_window(starts, 4, np.arange(9), latest=True).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3]


def test_a_bad_hop_is_refused():
    with pytest.raises(ValueError, match=r"9 frames cannot be cut into windows of 4 every 5: expected hop 1\.\.frames"):
        window_starts(9, 4, 5)
