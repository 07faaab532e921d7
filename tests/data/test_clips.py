import numpy as np
import pytest
from records import no_labels

from affect_jax.data.clips import clip_frames, evaluation_windows, newest_windows, split_at_gaps
from affect_jax.data.order import balanced_shares
from affect_jax.data.source import Table
from affect_jax.data.windows import TrainingWindows, WindowConfig


class Clips:
    """Frames of clips, in the given order: (subject, clip, frame)."""

    label_set = "affectnet_8"

    def __init__(self, rows):
        subjects, clips, frames = zip(*rows, strict=True)
        names = [f"{subject}/{clip}/{frame}" for subject, clip, frame in rows]
        frames = np.array(frames, np.int64)
        self.examples = Table(names, subjects, clips, frames, frames / 25, no_labels(len(rows), 8))

    def image(self, index):
        return np.full((8, 8, 3), index, np.uint8)


def windows(source, frames, hop, newest=False, predicts=None, **options):
    return TrainingWindows(source, frames, hop, WindowConfig(**options), newest, predicts)


def clip(subject, name, length):
    return [(subject, name, frame) for frame in range(length)]


def test_frames_are_sorted_and_separated_by_subject_and_clip():
    source = Clips([("b", "1", 5), ("a", "1", 2), ("b", "1", 3), ("a", "1", 0), ("a", "2", 1)])
    groups = {key: value.tolist() for key, value in clip_frames(source).items()}
    assert groups == {("b", "1"): [2, 0], ("a", "1"): [3, 1], ("a", "2"): [4]}


def test_windows_hold_neighbors_of_one_clip_and_cover_all_frames():
    source = Clips(clip("a", "1", 9) + clip("a", "2", 3) + clip("b", "1", 5))
    found = windows(source, 4, 3).units()
    assert found.tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [5, 6, 7, 8], [12, 13, 14, 15], [13, 14, 15, 16]]
    table = source.examples
    for window in found:
        assert len({(table.subjects[i], table.clips[i]) for i in window}) == 1


def test_every_frame_is_evaluated_exactly_once():
    lengths = [9, 3, 4, 8, 1]
    source = Clips([row for number, length in enumerate(lengths) for row in clip("a", str(number), length)])
    for hop in (None, 1, 3):
        indices, weights = evaluation_windows(source, 4, hop)
        assert indices.shape == weights.shape and indices.shape[1] == 4
        np.testing.assert_array_equal(np.bincount(indices.ravel(), weights.ravel()), np.ones(sum(lengths)))


def test_a_frame_counts_where_it_is_nearest_to_the_middle_and_short_clips_are_filled_up():
    indices, weights = evaluation_windows(Clips(clip("a", "1", 8) + clip("b", "1", 2)), 4)
    assert indices.tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [8, 9, 9, 9]]
    assert weights.tolist() == [[1, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 1], [1, 1, 0, 0]]  # a tie goes to the earlier


def test_a_frame_of_a_causal_network_counts_where_it_is_last():
    indices, weights = evaluation_windows(Clips(clip("a", "1", 7) + clip("b", "1", 2)), 4, latest=True)
    assert indices.tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [3, 4, 5, 6], [7, 8, 8, 8]]
    assert weights.tolist() == [[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 0, 0]]
    source = Clips(clip("a", "1", 9) + clip("a", "2", 5) + clip("b", "1", 23))
    for every, hop in ((1, 1), (1, 3), (1, 5), (2, None)):
        indices, weights = evaluation_windows(source, 5 if every == 1 else 2, hop, every, latest=True)
        np.testing.assert_array_equal(np.bincount(indices.ravel(), weights.ravel()), np.ones(37))
        for window, place in np.argwhere(weights > 0):
            assert place == np.argwhere(indices == indices[window, place])[:, 1].max()


def test_no_window_spans_a_gap_in_time_and_no_frame_is_lost():
    # At 25 fps, 12 missing frames are 0.52 s; 11 are 0.48 s, which is not a gap.
    first, second, third = range(5), range(17, 22), range(33, 39)
    rows = [("a", "1", frame) for frame in (*first, *second, *third)]
    source = Clips([*rows, *clip("b", "1", 3)])
    assert [len(members) for _, members in split_at_gaps(source)] == [5, 11, 3]
    assert windows(source, 4, 2).units().tolist() == [
        *([0, 1, 2, 3], [1, 2, 3, 4]),
        *([5, 6, 7, 8], [7, 8, 9, 10], [9, 10, 11, 12], [11, 12, 13, 14], [12, 13, 14, 15]),
    ]
    indices, weights = evaluation_windows(source, 4)
    np.testing.assert_array_equal(np.bincount(indices.ravel(), weights.ravel()), np.ones(19))
    assert not any({4, 5} <= set(window) for window in indices.tolist())
    _, found = draws(source, start_jitter=3, speed=2.0)
    assert ((found < 5).all(1) | (found >= 5).all(1)).all()


def test_frames_that_all_lie_far_apart_belong_together():
    source = Clips([("a", "1", frame) for frame in (0, 25, 50, 75, 125)])  # one per second, with one missing
    assert [members.tolist() for _, members in split_at_gaps(source)] == [[0, 1, 2, 3], [4]]


def test_sources_that_cannot_be_windowed_are_rejected():
    with pytest.raises(ValueError, match=r"1 of 3 examples are still images \(such as c//0\).*image network"):
        windows(Clips([*clip("a", "1", 2), ("c", "", 0)]), 2, 1)
    with pytest.raises(ValueError, match=r"clip '1' of subject 'a' has frame 1 twice \(a/1/1 and a/1/1\)"):
        windows(Clips([*clip("a", "1", 2), ("a", "1", 1)]), 2, 1)
    with pytest.raises(ValueError, match=r"none of 2 clips has 6 frames \(longest first: b/2 \(5\), a/1 \(3\)\)"):
        windows(Clips(clip("a", "1", 3) + clip("b", "2", 5)), 6, 1)
    with pytest.raises(ValueError, match="frames is 4 and hop 5, expected 1 <= hop <= frames"):
        windows(Clips(clip("a", "1", 9)), 4, 5)


def test_windows_without_a_label_are_left_out():
    source = Clips(clip("a", "1", 12))
    source.examples.labels["emotion"].weight[5] = 1
    assert windows(source, 4, 2).units().tolist() == [[2, 3, 4, 5], [4, 5, 6, 7]]
    source.examples.labels["valence_arousal"].weight[11] = 0.5
    assert windows(source, 4, 2).units()[-1].tolist() == [8, 9, 10, 11]


def test_every_second_frame_in_training_and_in_evaluation():
    source = Clips(clip("a", "1", 9) + clip("b", "1", 6))
    assert windows(source, 4, 2, every=2).units().tolist() == [[0, 2, 4, 6], [2, 4, 6, 8], [1, 3, 5, 7]]
    indices, weights = evaluation_windows(source, 4, every=2)
    assert {tuple(np.unique(np.diff(row[weight > 0]))) for row, weight in zip(indices, weights, strict=True)} <= {(2,)}
    np.testing.assert_array_equal(np.bincount(indices.ravel(), weights.ravel()), np.ones(15))
    alone, _ = evaluation_windows(Clips(clip("a", "1", 2)), 3, every=5)
    assert alone.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_a_network_of_the_newest_frame_gets_a_window_for_each_frame_filled_up_on_the_left():
    indices, weights = newest_windows(Clips(clip("a", "1", 5) + clip("b", "1", 2)), 4)
    assert indices.tolist() == [
        *([0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4]),
        *([5, 5, 5, 5], [5, 5, 5, 6]),
    ]
    assert weights.tolist() == [[0, 0, 0, 1]] * 7
    indices, _ = newest_windows(Clips(clip("a", "1", 5)), 3, every=2)
    assert indices.tolist() == [[0, 0, 0], [0, 0, 2], [0, 2, 4], [1, 1, 1], [1, 1, 3]]
    with pytest.raises(ValueError, match="frames is 0; expected at least 1"):
        newest_windows(Clips(clip("a", "1", 5)), 0)


@pytest.mark.parametrize("every", [1, 2, 5])
def test_each_frame_is_the_newest_once_with_gaps_and_in_clips_shorter_than_a_window(every):
    rows = [("a", "1", frame) for frame in (*range(7), *range(40, 43))]
    source = Clips([*clip("b", "1", 3), *rows, *clip("b", "2", 1)])
    indices, weights = newest_windows(source, 4, every)
    np.testing.assert_array_equal(np.bincount(indices.ravel(), weights.ravel()), np.ones(14))
    table = source.examples
    for window in indices:
        assert len({(table.subjects[place], table.clips[place]) for place in window}) == 1
        assert set(np.diff(table.frames[window])) <= {0, every}  # never over the gap


def test_windows_of_the_newest_frame_start_exactly_a_hop_apart():
    source = Clips(clip("a", "1", 12) + clip("b", "1", 5))
    assert windows(source, 4, 3, newest=True).units().tolist() == [
        *([0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]),
        [12, 13, 14, 15],
    ]
    assert windows(source, 2, 5, newest=True).units().tolist() == [[0, 1], [5, 6], [10, 11], [12, 13]]  # not all frames
    with pytest.raises(ValueError, match="frames is 4 and hop 0"):
        windows(source, 4, 0, newest=True)


def test_the_label_of_the_newest_frame_decides_whether_its_window_is_kept():
    source = Clips(clip("a", "1", 12))
    source.examples.labels["emotion"].weight[5] = 1  # as the second-last frame of a window, it does not count
    source.examples.labels["valence_arousal"].weight[7] = 1
    found = lambda predicts: windows(source, 4, 2, newest=True, predicts=predicts).units()[:, -1].tolist()
    assert found(None) == [5, 7] and found(["emotion"]) == [5] and found(["valence_arousal", "landmarks"]) == [7]


def test_windows_of_the_newest_frame_are_balanced_by_its_emotion():
    source = Clips(clip("a", "1", 12))
    emotion = source.examples.labels["emotion"]
    emotion.weight[:], emotion.value[:, 1] = 1, 1
    emotion.value[[2, 5, 8]] = np.eye(8)[0]  # three of the four frames that end a window show another emotion
    cut = windows(source, 3, 3, newest=True)
    assert cut.counting().tolist() == [[2], [5], [8], [11]]
    # As one over the frequency among all frames, 3 and 9 of 12.
    np.testing.assert_allclose(balanced_shares(source.examples.labels, cut.counting(), 1.0), [0.3, 0.3, 0.3, 0.1])


def draws(source, count=400, **options):
    cut = windows(source, 5, 5, **options)
    return cut, np.stack([cut.vary(number % len(cut), np.random.default_rng(number)) for number in range(count)])


def test_without_options_nothing_varies():
    cut, found = draws(Clips(clip("a", "1", 12) + clip("b", "1", 7)), count=5)
    np.testing.assert_array_equal(found, cut.units())


def test_starts_move_within_their_range_and_their_clip():
    source = Clips(clip("z", "0", 9) + clip("a", "1", 21))
    cut, found = draws(source, start_jitter=3)
    np.testing.assert_array_equal(np.diff(found, axis=1), 1)
    for number, unit in enumerate(cut.units()):
        first, last = (0, 8) if unit[0] < 9 else (9, 29)
        starts = found[number :: len(cut), 0]
        wanted = range(max(first, unit[0] - 3), min(last - 4, unit[0] + 3) + 1)
        assert set(starts.tolist()) == set(wanted)
    even = np.bincount(found[3 :: len(cut), 0])[-7:]  # away from the ends each start comes equally often
    assert even.min() > 0.3 * even.mean()


def test_speeds_leave_out_or_repeat_frames_about_the_same_middle():
    cut, found = draws(Clips(clip("a", "1", 60)), count=1000, speed=2.0)
    units = cut.units()[np.arange(1000) % len(cut)]
    span = found[:, -1] - found[:, 0]
    assert span.min() == 2 and span.max() == 8  # half and twice the four steps of five frames
    inside = (found[:, 0] > 0) & (found[:, -1] < 59)
    assert np.abs(found[inside].mean(1) - units[inside].mean(1)).max() <= 1
    np.testing.assert_allclose(np.median(span), 4, atol=0.5)  # as often slower as faster
    steps = np.diff(found, axis=1)
    assert (steps >= 0).all() and (np.ptp(steps, axis=1) <= 1).all()
    for number in np.flatnonzero(inside)[:50]:
        rng = np.random.default_rng(number)
        assert rng.integers(0, 0, endpoint=True) == 0
        exact = units[number].mean() + 2.0 ** rng.uniform(-1, 1) * np.arange(-2, 3)
        np.testing.assert_array_equal(found[number], np.floor(exact + 0.5))


def test_a_speed_that_its_clip_is_too_short_for_takes_the_whole_clip():
    _, found = draws(Clips(clip("a", "1", 7)), speed=8.0)
    assert found.min() == 0 and found.max() == 6
    assert [0, 2, 3, 5, 6] in found.tolist()  # six steps in four: 0, 1.5, 3, 4.5, 6


def test_invalid_window_options_are_rejected():
    for options in ({"every": 0}, {"start_jitter": -1}):
        with pytest.raises(ValueError, match=r"every is . and start_jitter .*expected integers"):
            WindowConfig(**options)
    with pytest.raises(ValueError, match=r"speed is 0.5; expected the largest factor, such as 1.5"):
        WindowConfig(speed=0.5)
    with pytest.raises(ValueError, match=r"none of 1 clips has 4 frames \(longest first: a/1 \(3\)\)"):
        windows(Clips(clip("a", "1", 6)), 4, 1, every=2)
