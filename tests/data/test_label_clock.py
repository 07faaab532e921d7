import dataclasses

import numpy as np
import pytest
from records import no_labels

from affect_jax.data.label_clock import LabelClockConfig, with_label_clock
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.source import Table
from affect_jax.metrics.agreement import affect_scores
from affect_jax.metrics.moments import PairMoments

RAMP = np.arange(10, dtype=np.float32)


class Clips:
    """Two interleaved clips of ten frames at 10 fps, the frames of the second without a face from 4 to `hole`."""

    label_set = "affectnet_8"

    def __init__(self, hole=4):
        frames = np.repeat(np.arange(10), 2)
        clips = np.tile(["a", "b"], 10)
        keep = (clips == "a") | (frames < 4) | (frames >= hole)
        frames, clips = frames[keep], clips[keep]
        labels = no_labels(len(frames), 8)
        labels["valence_arousal"].value[:, 0], labels["valence_arousal"].value[:, 1] = (
            frames / 10,
            np.where(clips == "a", 0.5, -0.5),
        )
        labels["valence_arousal"].weight[:], labels["landmarks"].weight[:] = 1, frames
        subjects = np.array(["s"] * len(frames))
        self.examples = Table(clips, subjects, clips, frames, frames / 10, labels)

    def image(self, index):
        return np.full((8, 8, 3), index, np.uint8)


def trace(source, clip):
    table = source.examples
    chosen = table.clips == clip
    order = np.flatnonzero(chosen)[np.argsort(table.frames[chosen])]
    return table.labels["valence_arousal"].value[order], table.labels["valence_arousal"].weight[order]


def test_labels_move_earlier_within_their_clip_and_landmarks_stay():
    given, moved = Clips(), with_label_clock(Clips(), LabelClockConfig(delay_seconds=0.3))
    for clip, arousal in (("a", 0.5), ("b", -0.5)):
        values, weight = trace(moved, clip)
        np.testing.assert_allclose(values[:7, 0], RAMP[3:] / 10, atol=1e-6)
        np.testing.assert_allclose(values[:7, 1], arousal, atol=1e-6)
        assert weight.tolist() == [1] * 7 + [0] * 3 and not values[7:].any()
    np.testing.assert_array_equal(moved.examples.labels["landmarks"].weight, given.examples.labels["landmarks"].weight)
    np.testing.assert_array_equal(moved.image(3), given.image(3))
    assert trace(given, "a")[0][0, 0] == 0  # the source is as it was


def test_short_gaps_between_faces_are_bridged_and_long_ones_are_not():
    times = np.delete(np.arange(10), slice(4, 6)) / 10  # 0.3 to 0.6 s
    values, weight = trace(with_label_clock(Clips(hole=6), LabelClockConfig(delay_seconds=0.2)), "b")
    assert weight.tolist() == [1] * 6 + [0] * 2
    np.testing.assert_allclose(values[:6, 0], times[:6] + 0.2, atol=1e-6)
    _, weight = trace(with_label_clock(Clips(hole=9), LabelClockConfig(delay_seconds=0.2)), "b")
    assert weight.tolist() == [1, 1, 0, 0, 0]  # the labels of 0.4 and 0.5 s are unknown here


def test_frames_a_second_apart_keep_their_labels():
    source = Clips()
    table = source.examples
    columns = (table.names, table.subjects, table.clips, table.frames)
    source.examples = Table(*columns, table.frames * 1.0, table.labels)
    values, weight = trace(with_label_clock(source, LabelClockConfig(delay_seconds=0.5)), "a")
    assert weight.tolist() == [1] * 9 + [0]
    np.testing.assert_allclose(values[:9, 0], (RAMP[:9] + 0.5) / 10, atol=1e-6)


def test_smoothing_comes_before_the_shift():
    values, _ = trace(with_label_clock(Clips(), LabelClockConfig(0.1, 0.2)), "a")
    apart = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))  # frames; 2 are a standard deviation
    share = np.exp(-((apart / 2) ** 2) / 2) * (apart <= 6)
    smoothed = share @ (RAMP / 10) / share.sum(1)
    np.testing.assert_allclose(values[:9, 0], smoothed[1:], atol=1e-6)


def test_defaults_change_nothing_and_invalid_options_are_rejected():
    source = Clips()
    assert with_label_clock(source, LabelClockConfig()) is source
    with pytest.raises(ValueError, match=r"delay_seconds is -1.0 and smoothing_seconds 0.0; expected 0"):
        LabelClockConfig(delay_seconds=-1.0)
    with pytest.raises(ValueError, match=r"delay_seconds is 0.0 and smoothing_seconds nan; expected 0"):
        LabelClockConfig(smoothing_seconds=float("nan"))
    with pytest.raises(ValueError, match=r"after moving labels earlier by 2400 s, no frame .* delays are in seconds"):
        with_label_clock(source, LabelClockConfig(delay_seconds=2400.0))
    stills = rendered(RenderedConfig(subjects=1, per_subject=2))
    with pytest.raises(ValueError, match=r"2 of 2 examples are still images"):
        with_label_clock(stills, LabelClockConfig(delay_seconds=1.0))


def test_compensating_the_delay_of_rendered_annotators_brings_them_closer_to_the_truth():
    config = RenderedConfig(kind="clips", subjects=4, per_subject=1, frames=100, size_px=32)
    truth = rendered(config).examples
    late = rendered(dataclasses.replace(config, labels="annotators"))

    def agreement(seconds):
        labels = with_label_clock(late, LabelClockConfig(delay_seconds=seconds)).examples
        pairs = [np.stack([each.labels["valence_arousal"].value for each in rows]) for rows in (labels, truth)]
        weight = np.array([row.labels["valence_arousal"].weight for row in labels], np.float64)
        return affect_scores(PairMoments.of(*[pair.astype(np.float64) for pair in pairs], weight))["ccc/mean"]

    scores = {seconds: agreement(seconds) for seconds in (0.0, 0.5, 1.0, 2.0)}
    assert max(scores, key=scores.get) == 0.5, scores  # raters are 0.25 to 0.85 s late
    assert max(scores.values()) > scores[0.0] + 0.05, scores


def test_a_clock_without_labels_over_time_says_so(caplog):
    source = Clips()
    source.examples.labels["valence_arousal"].weight[:] = 0
    with_label_clock(source, LabelClockConfig(delay_seconds=0.2))
    assert "delay_seconds=0.2" in caplog.text and "has no effect: the data have no labels" in caplog.text
