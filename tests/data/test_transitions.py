"""Extra windows in transitions: which ones, in what order, and never one that is there or leaves its clip."""

import numpy as np
import pytest

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.loader import training_batches
from affect_jax.data.source import Table
from affect_jax.data.windows import TrainingWindows, WindowConfig
from affect_jax.types import Label, Labels

#       0 .. 7       8  9  10 11  12 .. 15   16 17 18 19  20 .. 23
SMILE = [0.0] * 8 + [2, 4, 6, 8] + [10] * 4 + [8, 6, 4, 2] + [0] * 4
FROWN = [0.0] * 20 + [3, 6, 9, 10]


class Recording:
    """Intensities by emotion, of one clip or of several clips of equal length."""

    label_set = "affectnet_8"

    def __init__(self, clips=1, **intensities):
        (count,) = {len(values) for values in intensities.values()}
        labels = {}
        for emotion, values in intensities.items():
            value = np.array(values, np.float32)[:, None]
            labels[f"intensity_{emotion}"] = Label(value, np.ones(count, np.float32))
        clip, frames = np.divmod(np.arange(count), count // clips)
        names = [str(number) for number in range(count)]
        self.examples = Table(names, ["a"] * count, clip.astype(str), frames, frames / 25, Labels(**labels))

    def image(self, index):
        raise NotImplementedError(index)


def windows(source, share, frames=4, hop=4, every=1, newest=True, predicts=None):
    config = WindowConfig(every=every, transitions=share)
    return TrainingWindows(source, frames, hop, config, newest, predicts)


def ends(cut):
    """The newest frame of the windows that were added."""
    return cut.units()[cut.regular :, -1].tolist()


def test_windows_are_added_where_the_intensity_moves_until_the_share_is_reached(caplog):
    source = Recording(happy=SMILE)
    # The regular windows end at 3, 7, .. 23 with the levels 0, 0, 8, 10, 2, 0: none of six lies in between.
    assert ends(windows(source, 0.0)) == []
    # Two of eight are a quarter. Windows that end at 9 (0 0 2 4) and 18 (10 8 6 4) have the level 4, those at 10
    # (0 2 4 6) and 17 (10 10 8 6) the level 6; the rarest level comes first, at a tie the lower one.
    cut = windows(source, 0.25)
    assert ends(cut) == [9, 10]
    assert cut.units()[:6].tolist() == windows(source, 0.0).units().tolist()
    assert cut.units()[6:].tolist() == [[6, 7, 8, 9], [7, 8, 9, 10]]
    assert ends(windows(source, 0.4)) == [9, 10, 17, 18]  # four of ten
    assert not caplog.messages
    assert ends(windows(source, 0.5)) == [9, 10, 17, 18]
    assert "is 0.5, but only 0.40 of the training windows end with intensity_happy between neutral" in caplog.text


def test_a_share_that_the_regular_windows_have_adds_nothing():
    source = Recording(happy=SMILE)
    assert ends(windows(source, 0.3, hop=1)) == []  # of 21 windows, those that end at 9, 10, 17 and 18 lie in between
    assert ends(windows(source, 0.1)) == [9]  # one of seven is more than a tenth


def test_an_intensity_that_rests_or_moves_slowly_is_no_transition():
    assert ends(windows(Recording(happy=[5.0] * 24), 0.5)) == []
    slow = Recording(happy=np.arange(24) * 0.4)  # 1.2 within a window
    assert ends(windows(slow, 0.5)) == []


def test_each_emotion_gets_its_share_and_its_rarest_level_comes_first():
    source = Recording(happy=SMILE, sad=FROWN)
    # The windows that end at 20 (0 0 0 3) and 21 (0 0 3 6) are those of sad.
    # For a fifth of each, two of ten windows have to be of happy and two of sad.
    assert ends(windows(source, 0.2)) == [9, 10, 20, 21]
    assert ends(windows(source, 0.2, predicts=["intensity_happy"])) == [9, 10]
    assert ends(windows(source, 0.4)) == [9, 10, 17, 18, 20, 21]  # all that there are


def test_frames_without_a_label_are_neither_ends_nor_changes():
    source = Recording(happy=SMILE)
    source.examples.labels["intensity_happy"].weight[[9, 14, 15]] = 0
    source.examples.labels["intensity_happy"].value[[9, 14, 15]] = np.nan
    # Without 14 and 15, the window that ends at 17 moves from 8 to 6, which is too little. The one that ends at 15
    # is no longer there.
    assert ends(windows(source, 0.5)) == [10, 18]


@pytest.mark.parametrize("newest", [True, False])
@pytest.mark.parametrize("every", [1, 2, 3])
def test_added_windows_are_new_and_lie_in_one_clip(every, newest):
    rng = np.random.default_rng(every)
    steps = rng.choice([-2.0, 0.0, 2.0], (2, 120))
    walk = np.clip(5 + np.cumsum(steps, 1), 0, 10)
    source = Recording(clips=4, happy=walk[0], anger=walk[1])
    cut, again = (windows(source, 0.6, hop=3, every=every, newest=newest) for _ in range(2))
    units, regular = cut.units(), cut.units()[: cut.regular].tolist()
    np.testing.assert_array_equal(units, again.units())
    between = lambda frame: ((walk[:, frame] >= 2.5) & (walk[:, frame] < 7.5)).tolist()
    possible = []
    for start in range(120):
        window = [start + step * every for step in range(4)]
        if window[-1] // 30 == start // 30 and window not in regular:
            moves = np.ptp(walk[:, window], axis=1) >= 3
            if any(moves & between(window[-1])):
                possible.append(window)
    added = units[cut.regular :].tolist()
    assert all(window in possible for window in added) and len({*map(tuple, added)}) == len(added) > 0
    left = [window for window in possible if window not in added]
    for number in range(2):
        share = np.mean([between(window[-1])[number] for window in units])
        of_it = [window for window in left if np.ptp(walk[number, window]) >= 3 and between(window[-1])[number]]
        assert share >= 0.6 or not of_it


def test_few_windows_of_many_come_from_all_over_the_data():
    source = Recording(clips=16, happy=[0.0, 0, 0, 0, 5, 10, 10, 10] * 16)
    # In each clip, windows end at the levels 0 and 10; the one that ends with its fifth frame can be added.
    found = np.array(ends(windows(source, 0.11)))
    assert (found % 8 == 4).all() and len(found) == 4  # of 36
    assert np.bincount(found // 8 // 4, minlength=4).max() == 1  # one in each quarter


def test_data_without_intensities_are_refused():
    source = Recording(happy=SMILE)
    settings = {"crop_px": 8, "batch": 2, "seed": 0, "augment": AugmentConfig(), "frames": 4, "newest": True}
    config = WindowConfig(transitions=0.45)
    with pytest.raises(ValueError, match=r"data.windows.transitions is 0.45, but .* no labels of an intensity that"):
        training_batches(source, windows=config, predicts=("intensity_sad",), **settings)
    with pytest.raises(ValueError, match="transitions is 1.0; expected a share of windows below 1"):
        WindowConfig(transitions=1.0)
