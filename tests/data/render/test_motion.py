"""Clips are functions of time, speech carries no affect, raters are late."""

import numpy as np

from affect_jax.data.render import affect, motion, raters
from affect_jax.data.render.affect import UNIT

TIMES = np.arange(100) / 12.5


def test_frame_rate_and_length_only_sample_a_clip():
    coarse = motion.clip(0, 5, 1, TIMES[:40])
    fine = motion.clip(0, 5, 1, np.arange(200) / 25)
    for name in ("units", "speech", "pose_degrees", "gaze", "blur_px", "gain", "occluder"):
        np.testing.assert_allclose(getattr(fine, name)[:80:2], getattr(coarse, name), atol=1e-12, err_msg=name)


def test_clips_differ_and_repeat():
    first, again, other = (motion.affective_units(0, 5, clip, TIMES) for clip in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_truth_is_smooth_and_speech_is_fast():
    fine = np.arange(0, 60, 1 / 50)
    subject = next(s for s in range(20) if motion.speech_units(0, s, 0, fine)[:, UNIT[26]].max() > 0.3)
    jaw = motion.speech_units(0, subject, 0, fine)[:, UNIT[26]]
    power = np.abs(np.fft.rfft(jaw - jaw.mean())) ** 2
    rate = np.fft.rfftfreq(len(jaw), 1 / 50)
    syllables = power[(rate > 2.5) & (rate < 7)].sum() / power[rate > 1].sum()
    assert syllables > 0.75
    steps = np.abs(np.diff(affect.valence_arousal(motion.affective_units(0, subject, 0, fine)), axis=0)) * 50
    assert steps.max() < 8  # per second; a syllable takes the jaw through more than that


def test_units_are_intensities():
    for clip in range(5):
        units = motion.affective_units(3, 2, clip, TIMES)
        assert units.min() >= 0 and units.max() <= 1


def test_blinks_close_the_eyes_for_a_moment():
    fine = np.arange(0, 60, 0.01)
    closed = motion.speech_units(0, 3, 0, fine)[:, UNIT[43]] > 0.9
    onsets = np.flatnonzero(np.diff(closed.astype(int)) == 1)
    assert 12 <= len(onsets) <= 60  # one every 1 to 4 seconds
    assert 0.03 < closed.sum() * 0.01 / len(onsets) < 0.2


def test_still_does_not_depend_on_the_others():
    subjects, numbers = np.array([4, 4, 9]), np.array([0, 7, 7])
    many, alone = motion.stills(1, subjects, numbers), motion.stills(1, subjects[1:2], numbers[1:2])
    np.testing.assert_array_equal(many.units[1], alone.units[0])
    np.testing.assert_array_equal(many.occluder[1], alone.occluder[0])


def test_annotators_have_a_delay_in_the_documented_range():
    fine = np.arange(0, 120, 0.05)
    truth = affect.valence_arousal(motion.affective_units(0, 8, 0, fine))[:, 0]
    for rating in raters.annotate(0, 8, 0, fine)[..., 0]:
        lags = np.arange(0, 40)
        agreement = [np.corrcoef(truth[: len(truth) - lag], rating[lag:])[0, 1] for lag in lags]
        delay = lags[int(np.argmax(agreement))] * 0.05
        assert raters.DELAY_SECONDS[0] - 0.1 <= delay <= raters.DELAY_SECONDS[1] + 0.1
        assert max(agreement) > 0.9
