"""Who and what is learned from is never scored."""

import itertools

import numpy as np
import pytest

from affect_jax.personal.protocol import GUARD_SECONDS, Protocol, check_disjoint, generator

SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
TIMES = np.arange(500) / 5
NEUTRAL = TIMES < 3


def draw(kind, share, seed=0, neutral=False):
    return Protocol(kind, share, neutral).draw(TIMES, NEUTRAL, generator(seed, "anna"))


@pytest.mark.parametrize("kind", ["random", "block", "none"])
@pytest.mark.parametrize("seed", range(5))
def test_frames_are_nested_counted_and_never_scored(kind, seed):
    drawn = [draw(kind, share, seed) for share in SHARES]
    assert [each.adaptation.sum() for each in drawn] == [0, 5, 10, 25, 50, 100]
    for smaller, larger in itertools.pairwise(drawn):
        assert not (smaller.adaptation & ~larger.adaptation).any()
        np.testing.assert_array_equal(smaller.scored, larger.scored)
    largest = drawn[-1]
    assert not (largest.scored & (largest.adaptation | NEUTRAL)).any()
    assert not (largest.adaptation & NEUTRAL).any()
    assert largest.scored.sum() >= 500 - 100 - 15 - 3 * 5  # the neutral segment and three guards of 5 frames
    np.testing.assert_array_equal(draw(kind, 0.05, seed, neutral=True).scored, largest.scored)


@pytest.mark.parametrize("kind", ["block", "none"])
def test_a_block_is_contiguous_and_no_scored_frame_lies_within_the_guard(kind):
    for seed in range(20):
        adaptation, scored = draw(kind, 0.1, seed)
        frames = np.flatnonzero(adaptation)
        np.testing.assert_array_equal(frames, np.arange(frames[0], frames[0] + 50))
        for learned in (TIMES[adaptation], TIMES[NEUTRAL]):
            assert np.abs(TIMES[scored][:, None] - learned).min() > GUARD_SECONDS
    starts = {int(np.flatnonzero(draw(kind, 0.1, seed).adaptation)[0]) for seed in range(20)}
    assert len(starts) > 10


def test_random_frames_leave_every_scored_frame_close_to_a_labeled_one():
    adaptation, scored = draw("random", 0.2)
    nearest = np.abs(TIMES[scored][:, None] - TIMES[adaptation]).min(1)
    assert np.median(nearest) < 1.0


def test_frames_of_a_person_do_not_depend_on_who_else_is_studied_but_differ_between_people():
    one, again = (Protocol("random", 0.1).draw(TIMES, NEUTRAL, generator(3, "anna")) for _ in range(2))
    np.testing.assert_array_equal(one.adaptation, again.adaptation)
    other = Protocol("random", 0.1).draw(TIMES, NEUTRAL, generator(3, "ben"))
    assert (one.adaptation != other.adaptation).any()


def test_without_a_neutral_segment_a_block_may_lie_anywhere():
    for seed in range(20):
        adaptation, scored = Protocol("block", 0.2).draw(TIMES[:50], np.zeros(50, bool), generator(seed, "anna"))
        assert adaptation.sum() == 10 and scored.any()


def test_sources_and_targets_are_disjoint():
    check_disjoint(["train/a", "train/b"], ["test/a"])
    with pytest.raises(ValueError, match=r"subject 'b' is among the sources and among the targets \(1 in both\)"):
        check_disjoint(["a", "b"], ["b", "c"])
    with pytest.raises(ValueError, match="a target person has no name"):
        check_disjoint(["a"], [""])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"kind": "blocks"}, "kind is 'blocks'; choose one of random, block, none"),
        ({"kind": "block", "share": 0.3}, "share is 0.3; expected a fraction from 0 to 0.2"),
        ({"kind": "block", "share": -0.1}, "share is -0.1; expected a fraction"),
        ({"kind": "block", "largest": 1.0}, "largest is 1; expected a fraction above 0 and below 1"),
    ],
)
def test_a_wrong_protocol_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Protocol(**options)


def test_a_recording_that_does_not_suit_is_refused():
    rng = generator(0, "anna")
    with pytest.raises(ValueError, match="frame 2 is at 0.1 s, after one at 0.5 s; sort the frames"):
        Protocol("block").draw(np.array([0, 0.5, 0.1]), np.zeros(3, bool), rng)
    neutral = np.arange(500) % 50 == 0
    with pytest.raises(ValueError, match="no 100 frames in a row lie outside the neutral segment"):
        Protocol("block").draw(TIMES, neutral, rng)
    with pytest.raises(ValueError, match="a recording of 4 frames leaves 0 to score; expected at least 2"):
        Protocol("block").draw(TIMES[:4], np.zeros(4, bool), rng)
