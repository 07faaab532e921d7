"""A network of the newest frame sees in a video the windows of its evaluation, and predicts the same."""

import numpy as np
import pytest

from affect_jax.data.loader import evaluation_batches
from affect_jax.data.source import Table
from affect_jax.evaluate.collect import collect
from affect_jax.faces.face import Face
from affect_jax.ops.geometry import CropConfig
from affect_jax.predict.estimate import estimate
from affect_jax.predict.inputs import Input
from affect_jax.predict.live.analyzer import require_immediate
from affect_jax.predict.sources import Frame
from affect_jax.predict.windows import make_runner
from affect_jax.types import Label, Labels, Predictions

PX, FRAMES, FPS, NAME = 8, 5, 25.0, "intensity_happy"
KERNEL = np.random.default_rng(0).uniform(0, 1, (FRAMES, PX, PX, 3)) / (FRAMES * PX * PX * 3)


def weighted(clips):
    """The intensity in tenths: a mean over all pixels of all frames with weights of their own; 0 to 1."""
    newest = np.einsum("bthwc,thwc->b", np.asarray(clips, np.float64), KERNEL)
    return Predictions(intensity_happy=np.tile(newest[:, None, None], (1, FRAMES, 1)))


class Film:
    """A recording of a face that moves over noise: a data set, and what finds its faces."""

    label_set = "affectnet_8"

    def __init__(self, numbers):
        rng = np.random.default_rng(1)
        count = len(numbers)
        self.images = rng.integers(0, 256, (count, 40, 48, 3), np.uint8)
        shape = rng.uniform(0, 10, (68, 2))
        moves = rng.uniform(0, 1, (count, 1, 2)) * (38, 30)
        self.landmarks = np.float32(moves + shape * rng.uniform(0.5, 1, (count, 1, 1)))
        ones, numbers = np.ones(count, np.float32), np.array(numbers)
        labels = Labels(
            intensity_happy=Label(np.zeros((count, 1), np.float32), ones), landmarks=Label(self.landmarks, ones)
        )
        names = [str(number) for number in numbers]
        self.examples = Table(names, ["a"] * count, ["1"] * count, numbers, numbers / FPS, labels)

    def image(self, index):
        return self.images[index]

    def frames(self):
        for image, number in zip(self.images, self.examples.frames.tolist(), strict=True):
            yield Frame("film", number, number / FPS, image)

    def reset(self):
        pass

    def find(self, image, time_seconds, restarts=False):
        (index,) = np.flatnonzero(np.isclose(self.examples.time_seconds, time_seconds))
        return [Face(self.landmarks[index], (1.0, 1.0, 9.0, 9.0), 0.9, np.zeros((478, 3), np.float32))]


def evaluated(film, crop, every):
    batches = evaluation_batches(
        film, crop_px=PX, batch=4, frames=FRAMES, newest=True, every=every, crop=crop, threads=1
    )
    predict = lambda batch: weighted(batch.inputs.images / np.float32(255))
    return collect(predict, batches, film.examples, [NAME], film.label_set, PX).values[NAME][:, 0]


@pytest.fixture
def make(make_predictor):
    return lambda **fields: make_predictor(
        **{"function": weighted, "crop_px": PX, "frames": FRAMES, "newest": True, "quantities": (NAME,), **fields}
    )


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("one_box", [False, True])
def test_a_video_is_predicted_as_it_is_evaluated(make, one_box, every):
    film = Film([*range(13), *range(40, 43)])  # with a gap, and a part shorter than a window behind it
    crop = CropConfig(one_box=one_box)
    expected = evaluated(film, crop, every)
    assert (
        np.ptp(expected) > 0.1 and abs(expected - evaluated(film, CropConfig(one_box=not one_box), every)).max() > 0.1
    )
    for batch in (1, 3):
        predictor = make(crop=crop, every=every, batch=batch)
        rows = [row for _, rows in estimate(predictor, film.frames(), film, step_seconds=1 / FPS) for row in rows]
        assert [row.frame for row in rows] == film.examples.frames.tolist()
        np.testing.assert_allclose([row.values[NAME][0] for row in rows], expected, atol=1e-5)
        assert all(row.image is None for row in rows)


def inputs_of(count, **fields):
    images = np.random.default_rng(2).integers(0, 256, (count, PX, PX, 3), np.uint8)
    return [Input(image, **fields) for image in images]


def run(predictor, inputs):
    runner = make_runner(predictor)
    return [values for each in inputs for values in runner.push(each)] + runner.flush()


@pytest.mark.parametrize("every", [1, 2])
def test_values_known_from_an_earlier_run_leave_the_others_the_same_bits(make, every):
    calls = []

    def counted(clips):
        calls.append(clips.shape)
        return weighted(clips)

    predictor = make(function=counted, batch=3, every=every)
    inputs = inputs_of(14)
    values = run(predictor, inputs)
    assert set(calls) == {(3, FRAMES, PX, PX, 3)} and len(values) == 14
    whole = len(calls)
    continued = [each._replace(known=value) for each, value in zip(inputs[:9], values[:9], strict=True)] + inputs[9:]
    again = run(predictor, continued)
    for one, other in zip(values, again, strict=True):
        np.testing.assert_array_equal(one[NAME], other[NAME])
    assert again[:9] == values[:9] and len(calls) - whole < whole
    calls.clear()
    assert run(predictor, [each._replace(known=value) for each, value in zip(inputs, values, strict=True)]) == values
    assert not calls


def test_a_runner_begins_again_after_the_end_of_a_sequence(make):
    predictor, inputs = make(batch=2), inputs_of(7)
    runner = make_runner(predictor)
    first = [values for each in inputs for values in runner.push(each)] + runner.flush()
    second = [values for each in inputs for values in runner.push(each)] + runner.flush()
    np.testing.assert_array_equal([values[NAME] for values in first], [values[NAME] for values in second])
    assert runner.flush() == []


def test_a_single_window_is_ready_at_once_as_a_live_session_needs_it(make):
    predictor = make(batch=1)
    require_immediate(predictor)
    runner = make_runner(predictor)
    for each in inputs_of(8):
        assert len(runner.push(each)) == 1
    with pytest.raises(ValueError, match="looks at 5 frames, also at later ones"):
        require_immediate(make(newest=False))


def test_a_network_of_single_frames_needs_no_past(make_predictor):
    predictor = make_predictor(crop_px=PX, frames=1, newest=True)
    values = run(predictor, inputs_of(6))
    expected = [each.crop[:, : PX // 2].mean() / 255 for each in inputs_of(6)]
    np.testing.assert_allclose([value["valence_arousal"][0] for value in values], expected, atol=1e-6)


def test_flip_averaging_is_that_of_the_window(make_predictor):
    def left_of_oldest(clips):
        left = np.asarray(clips)[:, 0, :, : PX // 2].mean((-3, -2, -1))
        return Predictions(valence_arousal=np.tile(np.stack([left, -left], -1)[:, None], (1, clips.shape[1], 1)))

    fields = {"crop_px": PX, "frames": 3, "newest": True, "quantities": ("valence_arousal",), "batch": 2}
    predictor = make_predictor(function=left_of_oldest, flip_averaged=("valence_arousal",), **fields)
    inputs = inputs_of(5)
    values = run(predictor, inputs)
    oldest = [0, 0, 0, 1, 2]
    expected = [inputs[place].crop.mean() / 255 for place in oldest]
    np.testing.assert_allclose([value["valence_arousal"][0] for value in values], expected, atol=1e-6)
