"""Trajectories at one rate against integrals by hand."""

import numpy as np
import pytest
from recorded_people import recording

from affect_jax.evaluate.trajectories import resample, trajectories


def test_a_bin_is_the_mean_over_its_time():
    found = resample(recording([0, 2, 4, 6, 8, 10], fps=3.0), rate=1.0, bins=2)
    np.testing.assert_allclose(found[:, 0], [2.0, 8.0])
    # bins of 0.5 s over frames of 1/3 s: (0 * 2 + 2) / 3, (2 + 4 * 2) / 3, then a frame without a whole bin
    found = resample(recording([0, 2, 4], fps=3.0), rate=2.0, bins=3)
    np.testing.assert_allclose(found[:2, 0], [2 / 3, 10 / 3])
    assert np.isnan(found[2, 0])


def test_the_frame_rate_of_a_recording_does_not_matter():
    signal = lambda seconds: np.floor(seconds)  # constant within each second
    found = [resample(recording(signal(np.arange(6 * fps) / fps), fps), 1.0, 6)[:, 0] for fps in (2.0, 5.0, 30.0)]
    np.testing.assert_allclose(found, np.tile(np.arange(6.0), (3, 1)), atol=1e-9)


def test_a_bin_in_which_the_face_is_seen_for_less_than_half_has_no_value():
    found = resample(recording(range(12), seen=[0, 1, 4, 8, 9, 10, 11]), rate=1.0, bins=3)[:, 0]
    np.testing.assert_allclose(found, [0.5, np.nan, 9.5])  # 2, 1 and 4 of 4 frames
    assert np.isnan(resample(recording(range(4), seen=[]), 1.0, 2)).all()


def test_trajectories_end_where_fewer_than_four_in_five_people_are_left():
    people = [[recording(np.full(40, float(number)))] for number in range(8)]
    short = [[recording(np.full(20, 8.0))], [recording(np.full(12, 9.0))]]
    found = trajectories([*people, *short], rate=2.0)  # 10 people: 5 s are seen by nine, 10 s by eight
    assert found.seconds[-1] == 9.5 and np.isnan(found.values[8, 10:, 0]).all()
    found = trajectories([*people[:6], *short, *short], rate=2.0)  # 10 people: 3 s by all, 5 s by eight, 10 s by six
    assert found.seconds.tolist() == [place / 2 for place in range(10)]
    np.testing.assert_array_equal(found.values[5, :, 0], 5.0)
    kept, filled = found.complete(0)
    assert kept.tolist() == [True] * 6 + [True, False] * 2 and not np.isnan(filled).any()


def test_recordings_of_a_person_are_averaged_and_gaps_are_filled_for_types():
    both = [recording([0, 0, 0, 0], 1.0), recording([2, 4, 6, 8], 1.0, seen=[0, 1, 3], name="b")]
    found = trajectories([both, [recording([1] * 4, 1.0)]], rate=1.0)
    np.testing.assert_allclose(found.values[0, :, 0], [1, 2, 0, 4])
    gap = [recording(range(10), 1.0, seen=[0, 1, 2, 3, 4, 6, 7, 8, 9])]
    found = trajectories([gap] + [[recording([1] * 10, 1.0)]] * 4, rate=1.0)
    np.testing.assert_allclose(found.complete(0)[1][0], range(10))


def test_people_who_are_never_seen_together_are_refused():
    early = [[recording(range(8), 1.0, seen=[0, 1, 2, 3])]] * 3
    late = [[recording(range(8), 1.0, seen=[4, 5, 6, 7])]] * 3
    with pytest.raises(ValueError, match=r"at hardly any time are 80% of the people seen together, .* up to 8.0 s"):
        trajectories(early + late, rate=1.0)
