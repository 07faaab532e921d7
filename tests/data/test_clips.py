import numpy as np
import pytest

from affect_jax.data.clips import clip_frames, evaluation_windows, windows
from affect_jax.data.source import Table, no_labels


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


def clip(subject, name, length):
    return [(subject, name, frame) for frame in range(length)]


def test_frames_are_sorted_and_kept_apart_by_subject_and_clip():
    source = Clips([("b", "1", 5), ("a", "1", 2), ("b", "1", 3), ("a", "1", 0), ("a", "2", 1)])
    groups = {key: value.tolist() for key, value in clip_frames(source).items()}
    assert groups == {("b", "1"): [2, 0], ("a", "1"): [3, 1], ("a", "2"): [4]}


def test_windows_hold_neighbours_of_one_clip_and_cover_all_frames():
    source = Clips(clip("a", "1", 9) + clip("a", "2", 3) + clip("b", "1", 5))
    found = windows(source, 4, 3)
    assert found == [(0, 1, 2, 3), (3, 4, 5, 6), (5, 6, 7, 8), (12, 13, 14, 15), (13, 14, 15, 16)]
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


def test_what_cannot_be_windowed_is_said():
    with pytest.raises(ValueError, match=r"1 of 3 examples are photographs \(such as c//0\).*image network"):
        windows(Clips([*clip("a", "1", 2), ("c", "", 0)]), 2, 1)
    with pytest.raises(ValueError, match=r"clip '1' of subject 'a' has frame 1 twice \(a/1/1 and a/1/1\)"):
        windows(Clips([*clip("a", "1", 2), ("a", "1", 1)]), 2, 1)
    with pytest.raises(ValueError, match=r"none of 2 clips has 6 frames \(longest first: b/2 \(5\), a/1 \(3\)\)"):
        windows(Clips(clip("a", "1", 3) + clip("b", "2", 5)), 6, 1)
    with pytest.raises(ValueError, match="frames is 4 and hop 5, expected 1 <= hop <= frames"):
        windows(Clips(clip("a", "1", 9)), 4, 5)
