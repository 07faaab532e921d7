"""Rows from frames: order, padding, windows, gaps and bounded memory."""

import weakref

import numpy as np
import pytest
from emonet_crop import emonet_crop

from affect_jax.data.clips import evaluation_windows
from affect_jax.data.source import Table
from affect_jax.faces.face import Face
from affect_jax.ops.geometry import EMONET, CropConfig
from affect_jax.predict import estimate as estimation
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.sinks.painter import Painter
from affect_jax.predict.sources import Frame
from affect_jax.types import Labels, Predictions


def rows_of(predictor, frames, finder, **options):
    return [row for _, rows in estimate(predictor, frames, finder, **options) for row in rows]


def valence(row):
    return row.values["valence_arousal"][0]


def arousal(row):
    return row.values["valence_arousal"][1]


def gray_frames(levels, size_px=16, fps=30.0):
    for index, level in enumerate(levels):
        yield Frame("made", index, index / fps, np.full((size_px, size_px, 3), level, np.uint8))


class SometimesFace:
    """Finds the same landmarks in every frame brighter than 50."""

    def __init__(self):
        self.resets = 0
        self.landmarks = np.random.default_rng(0).uniform(4, 11, (68, 2)).astype(np.float32)

    def find(self, image, time_seconds, restarts=False):
        if image.mean() <= 50:
            return []
        return [Face(self.landmarks, (4.0, 4.0, 7.0, 7.0), 0.9, np.zeros((478, 3), np.float32))]

    def reset(self):
        self.resets += 1


@pytest.mark.parametrize("count", [1, 4, 7])
def test_a_static_network_sees_every_frame_once_and_rows_keep_their_order(make_predictor, count):
    levels = np.arange(count) * 30
    rows = rows_of(make_predictor(), gray_frames(levels), None)
    assert [row.frame for row in rows] == list(range(count))
    expected = levels / 255
    np.testing.assert_allclose([valence(row) for row in rows], expected, atol=1e-6)
    np.testing.assert_allclose([arousal(row) for row in rows], -expected, atol=1e-6)
    logits = np.stack([0 * expected, 4 * expected, 4 * expected], -1)
    softmax = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose([row.values["emotion"] for row in rows], softmax, atol=1e-6)


def test_batches_have_one_shape(make_predictor):
    shapes = []

    def function(images):
        shapes.append(images.shape)
        return Predictions(valence_arousal=np.zeros((len(images), 2), np.float32))

    rows = rows_of(make_predictor(function=function), gray_frames(range(6)), None)
    assert shapes == [(4, 16, 16, 3)] * 2
    assert np.isnan(rows[0].values["emotion"]).all()  # a network without emotions


def test_frames_without_a_face_have_rows_without_values(make_predictor):
    levels = [0, 200, 0, 0, 100, 150, 250, 255, 0]
    rows = rows_of(make_predictor(), gray_frames(levels), SometimesFace())
    assert [row.frame for row in rows] == list(range(9))
    assert [row.values is None for row in rows] == [level <= 50 for level in levels]
    found = [row for row in rows if row.values is not None]
    expected = [level / 255 for level in levels if level > 50]
    np.testing.assert_allclose([row.crop.mean() / 255 for row in found], [valence(row) for row in found], atol=0.05)
    np.testing.assert_array_equal(np.argsort([valence(row) for row in found]), np.argsort(expected))


def center_and_trend(clips: np.ndarray) -> Predictions:
    """An answer that depends on the whole window: each frame's level plus a tenth of the window's mean."""
    level = clips.mean((-3, -2, -1))
    mixed = level * 0.8 + 0.1 * level.mean(-1, keepdims=True)
    return Predictions(valence_arousal=np.stack([mixed, -mixed], axis=-1))


class OneClip:
    """A data set of one recording."""

    label_set = "affectnet_8"

    def __init__(self, frames, fps=25.0):
        numbers = np.arange(frames)
        names = [str(number) for number in numbers]
        self.examples = Table(names, ["a"] * frames, ["1"] * frames, numbers, numbers / fps, Labels())

    def image(self, index):
        return np.full((8, 8, 3), index, np.uint8)


@pytest.mark.parametrize("frames", [8, 5, 1])
@pytest.mark.parametrize("count", [1, 5, 8, 9, 12, 31])
def test_a_video_is_predicted_by_the_windows_of_evaluation(make_predictor, count, frames):
    levels = np.random.default_rng(count).integers(0, 256, count)
    predictor = make_predictor(function=center_and_trend, frames=frames)
    rows = rows_of(predictor, gray_frames(levels), None)
    indices, weights = evaluation_windows(OneClip(count), frames)
    windows = levels[indices] / 255
    windows = windows * 0.8 + 0.1 * windows.mean(-1, keepdims=True)
    expected = np.zeros(count)
    np.add.at(expected, indices, weights * windows)  # each frame has weight 1 once
    np.testing.assert_allclose([valence(row) for row in rows], expected, atol=1e-5)


LONG_GAP = [0] * 15  # 16 steps of 1/30 s between two frames with a face


def test_a_long_gap_ends_a_window(make_predictor):
    predictor = make_predictor(function=center_and_trend, frames=4)
    levels = [100] * 6 + LONG_GAP + [200] * 5
    rows = rows_of(predictor, gray_frames(levels), SometimesFace())
    assert [row.frame for row in rows] == list(range(26)) and rows[6].values is None
    for part in (rows[:6], rows[21:]):  # constant within each run, so nothing has leaked over the gap
        np.testing.assert_allclose([valence(row) for row in part], [valence(part[0])] * len(part), atol=1e-5)
    assert valence(rows[0]) < valence(rows[21])


@pytest.mark.parametrize("missing", [1, 5, 14, 15, 16])
@pytest.mark.parametrize("fps", [30.0, 2.0])
def test_gaps_without_a_face_are_those_of_evaluation(make_predictor, missing, fps):
    # Evaluation drops the frames without a face and cuts the clip where more than half a second is missing.
    levels = np.random.default_rng(missing).integers(60, 256, 14 + missing)
    levels[6 : 6 + missing] = 0
    found = np.flatnonzero(levels)
    source = OneClip(len(levels), fps)
    source.examples = source.examples.take(found)
    indices, weights = evaluation_windows(source, 5)
    windows = levels[found][indices] / 255
    windows = windows * 0.8 + 0.1 * windows.mean(-1, keepdims=True)
    expected = np.zeros(len(found))
    np.add.at(expected, indices, weights * windows)
    finder = SometimesFace()
    finder.landmarks = np.float32([[4, 4], [11, 11]] * 34)  # a crop inside the face, whose level is that of the frame
    predictor = make_predictor(function=center_and_trend, frames=5, crop=CropConfig(0.5))
    rows = rows_of(predictor, gray_frames(levels, fps=fps), finder, step_seconds=1 / fps)
    assert [row.frame for row in rows if row.values is not None] == found.tolist()
    np.testing.assert_allclose([valence(row) for row in rows if row.values is not None], expected, atol=1e-5)


def test_the_network_sees_the_crop_of_its_config_and_the_schema_names_it(make_predictor):
    image = np.random.default_rng(1).integers(0, 256, (40, 44, 3), dtype=np.uint8)
    landmarks = np.random.default_rng(2).uniform(5, 38, (68, 2)).astype(np.float32)
    finder = SometimesFace()
    finder.landmarks = landmarks
    network, seen = make_predictor().function, []

    def look(images: np.ndarray) -> Predictions:
        seen.append(images.copy())
        return network(images)

    predictor = make_predictor(function=look, crop=CropConfig(warp=EMONET))
    rows_of(predictor, [Frame("made", 0, 0.0, image)], finder)
    assert np.abs(seen[0][0] * 255 - emonet_crop(image, landmarks, 16)).max() <= 1
    assert make_schema(predictor, False).crop == "landmark_square warp=emonet side_ratio=1.8182 crop_px=16"
    assert make_schema(predictor, True).crop == "whole_frame crop_px=16"


def running_maximum(faces: int):
    """Of each face: the brightest left half so far, as a causal network with a memory would say it."""
    brightest = np.zeros(faces)

    def step(images: np.ndarray) -> Predictions:
        nonlocal brightest
        assert images.shape == (faces, 1, 16, 16, 3)
        brightest = np.maximum(brightest, images[:, 0, :, :8].mean((-3, -2, -1)))
        return Predictions(valence_arousal=np.stack([brightest, -brightest], axis=-1)[:, None])

    return step


def test_a_causal_network_follows_a_recording_and_forgets_it_at_a_gap(make_predictor):
    predictor = make_predictor(frames=4, follower=running_maximum)
    levels = [100, 80, 200, 150, *LONG_GAP, 60, 90]
    rows = rows_of(predictor, gray_frames(levels), None)
    np.testing.assert_allclose([valence(row) for row in rows], np.maximum.accumulate(levels) / 255.0, atol=1e-6)
    rows = rows_of(predictor, gray_frames(levels), SometimesFace())
    seen = [row.values is not None for row in rows]
    assert seen == [True] * 4 + [False] * 15 + [True] * 2 and valence(rows[-2]) < valence(rows[3])  # restarted
    rows = rows_of(predictor, gray_frames([100, 200, 0, 60]), SometimesFace())
    assert valence(rows[3]) == valence(rows[1])  # remembered


@pytest.mark.parametrize("count", [1, 2, 7, 20, 31])
@pytest.mark.parametrize("fields", [{"function": center_and_trend}, {"follower": running_maximum}])
def test_a_network_of_one_frame_in_three_sees_three_recordings(make_predictor, fields, count):
    levels = np.random.default_rng(count).integers(60, 256, count)
    predictor = make_predictor(frames=4, **fields)
    expected = np.zeros(count)
    for phase in range(min(3, count)):
        alone = rows_of(predictor, gray_frames(levels[phase::3]), None)
        expected[phase::3] = [valence(row) for row in alone]
    thinned = make_predictor(frames=4, every=3, **fields)
    rows = rows_of(thinned, gray_frames(levels), None)
    np.testing.assert_array_equal([valence(row) for row in rows], expected.astype(np.float32))
    gap = rows_of(thinned, gray_frames([*levels, *LONG_GAP, *levels]), SometimesFace())
    np.testing.assert_array_equal([row.frame for row in gap], range(2 * count + 15))
    again = [valence(row) for row in gap[count + 15 :]]
    np.testing.assert_array_equal([valence(row) for row in gap[:count]], again)  # restarted after the gap


def test_flip_averaging_streams_image_and_mirror_image_side_by_side(make_predictor):
    half = np.zeros((16, 16, 3), np.uint8)
    half[:, :8] = 255  # left half white: 1 there, 0 in the mirror
    predictor = make_predictor(frames=4, follower=running_maximum, flip_averaged=("valence_arousal",))
    (row,) = rows_of(predictor, [Frame("made", 0, 0.0, half)], None)
    np.testing.assert_allclose(row.values["valence_arousal"], [0.5, -0.5], atol=1e-6)


def test_unrelated_images_share_no_state(make_predictor):
    finder = SometimesFace()
    predictor = make_predictor(function=center_and_trend, frames=4)
    rows = rows_of(predictor, gray_frames([100, 200, 60]), finder, connected=False)
    assert finder.resets == 4
    alone = [rows_of(predictor, gray_frames([level]), SometimesFace())[0] for level in (100, 200, 60)]
    np.testing.assert_allclose([valence(row) for row in rows], [valence(row) for row in alone])


@pytest.mark.parametrize("window", [None, 8])
@pytest.mark.parametrize("levels", [[200] * 300, [200] + [0] * 299, [0, 200, 200] * 100])
def test_no_more_than_a_few_frames_are_held(make_predictor, window, levels):
    taken = 0
    predictor = make_predictor(frames=window)

    def counted():
        nonlocal taken
        for frame in gray_frames(levels):
            taken += 1
            yield frame

    most = 17 + 2 * (estimation.DECODED_AHEAD + 1) + estimation.FOUND_AHEAD
    for given, (frame, _) in enumerate(estimate(predictor, counted(), SometimesFace(), keep_images=True), start=1):
        assert taken - given <= most
        assert frame.image.shape == (16, 16, 3)


@pytest.mark.parametrize("window", [None, 8])
def test_waiting_frames_hold_their_images_only_for_those_who_need_them(make_predictor, window):
    alive = []

    def frames():
        for frame in gray_frames([200] * 50):
            alive.append(weakref.ref(frame.image))
            yield frame

    predictor = make_predictor(frames=window)
    most = {False: 0, True: 0}
    for keep_images in most:
        for frame, (row,) in estimate(predictor, frames(), None, keep_images=keep_images):
            assert (frame.image is not None) == keep_images and row.values is not None
            alive[:] = [image for image in alive if image() is not None]
            most[keep_images] = max(most[keep_images], len(alive))
    assert most[False] <= 5 < most[True] <= 26


def test_large_photographs_do_not_wait_for_a_full_batch(make_predictor, monkeypatch):
    monkeypatch.setattr(estimation, "MAX_WAITING_BYTES", 2 * 16 * 16 * 3)
    taken = []
    frames = (taken.append(frame.index) or frame for frame in gray_frames([10, 60, 110, 160, 210]))
    values = []
    for frame, (row,) in estimate(make_predictor(), frames, None, connected=False, keep_images=True):
        assert len(taken) - frame.index <= 3 + estimation.DECODED_AHEAD + estimation.FOUND_AHEAD + 2
        values.append(valence(row))
    np.testing.assert_allclose(values, np.array([10, 60, 110, 160, 210]) / 255, atol=1e-6)


def test_flip_averaging_is_the_mean_over_image_and_mirror_image_and_clips_last(make_predictor):
    def two_sided(images):
        middle = images.shape[-2] // 2
        left = images[..., :middle, :].mean((-3, -2, -1))
        return Predictions(valence_arousal=np.stack([left * 3 - 1, left * 0 - 2], axis=-1))

    image = np.zeros((16, 16, 3), np.uint8)
    image[:, :8] = 255  # left 1, right 0: valence 2 and -1, mean 0.5; arousal -2, clipped to -1
    frame = [Frame("made", 0, 0.0, image)]
    (row,) = rows_of(make_predictor(function=two_sided, flip_averaged=("valence_arousal",)), frame, None)
    np.testing.assert_allclose(row.values["valence_arousal"], [0.5, -1])


def test_flip_averaging_of_emotions_is_the_mean_of_both_probabilities(make_predictor):
    def left_is_happy(images):
        left = images[..., : images.shape[-2] // 2, :].mean((-3, -2, -1))
        return Predictions(emotion=np.stack([left * 0, left * 3, left * 0], axis=-1))

    image = np.zeros((16, 16, 3), np.uint8)
    image[:, :8] = 255  # left 1: p_happy is e^3 / (e^3 + 2); in the mirror image, all are 1/3
    frame = [Frame("made", 0, 0.0, image)]
    predictor = make_predictor(function=left_is_happy, quantities=("emotion",), flip_averaged=("emotion",))
    (row,) = rows_of(predictor, frame, None)
    other = (1 / (np.exp(3) + 2) + 1 / 3) / 2
    np.testing.assert_allclose(row.values["emotion"], [other, 1 - 2 * other, other], rtol=1e-6)


def test_a_network_that_answers_nonsense_is_named(make_predictor):
    bad = make_predictor(function=lambda images: Predictions(valence_arousal=np.full((4, 2), np.nan, np.float32)))
    with pytest.raises(ValueError, match=r"network 'brightness@7' predicted valence_arousal that is not finite"):
        rows_of(bad, gray_frames([1]), None)
    wrong = make_predictor(function=lambda images: Predictions(emotion=np.zeros((4, 8), np.float32)))
    with pytest.raises(ValueError, match=r"predicted emotion of shape \(4, 8\), expected \(4, 3\)"):
        rows_of(wrong, gray_frames([1]), None)


def test_a_frame_that_is_not_square_gets_black_borders(make_predictor):
    image = np.full((16, 32, 3), 255, np.uint8)
    (row,) = rows_of(make_predictor(crop_px=32), [Frame("made", 0, 0.0, image)], None)
    assert row.crop[8:24].min() > 250 and not row.crop[:7].any() and not row.crop[25:].any()


class Shifted(SometimesFace):
    """Finds the same landmarks, moved."""

    def __init__(self, move):
        super().__init__()
        self.landmarks = np.float32(move(self.landmarks))

    def find(self, image, time_seconds, restarts=False):
        return [Face(self.landmarks, (-3.5, 4.0, 7.0, 7.0), 0.9, np.zeros((478, 3), np.float32))]


@pytest.mark.parametrize(
    "move",
    [
        lambda points: points + 40,
        lambda points: points - 40,
        lambda points: points * np.float32([1, 0]),
        lambda points: np.full((68, 2), np.nan),
        lambda points: np.full((68, 2), np.inf),
    ],
    ids=["beyond the right", "beyond the left", "on a line", "not a number", "without end"],
)
def test_landmarks_outside_the_image_are_not_a_face(make_predictor, move):
    (row,) = rows_of(make_predictor(), gray_frames([200]), Shifted(move))
    assert row.values is None and row.landmarks is None and row.crop is None


def test_a_face_that_reaches_over_the_border_is_predicted_with_black_beyond_it(make_predictor):
    finder = Shifted(lambda points: points - np.float32([7.5, 0]))  # its middle lies on the left border
    (row,) = rows_of(make_predictor(), gray_frames([255]), finder)
    assert (row.landmarks < 0).any() and not row.crop[:, :4].any() and row.crop[6:10, -4:].all()
    assert valence(row) < 0.3 < 0.6 < -arousal(row)  # the left half is dark, the right one bright
    drawn = Painter("tiny_3")(np.full((16, 16, 3), 255, np.uint8), [row])
    assert drawn.shape == (16, 16, 3)
