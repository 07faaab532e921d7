import numpy as np

from affect_jax.evaluate.collect import collect
from affect_jax.evaluate.raw_outputs import RawOutputs
from affect_jax.types import Batch, Example, Inputs, Label, Labels, Predictions


def batch_of(index, weight) -> Batch:
    shape = np.shape(index)
    labels = Labels(valence_arousal=Label(np.zeros((*shape, 2)), np.float64(weight)))
    subject = np.zeros(shape, np.int64)
    return Batch(Inputs(features=np.float32(index)[..., None]), labels, np.float32(weight), np.array(index), subject)


def predict(batch: Batch) -> Predictions:
    number = batch.inputs.features
    return Predictions(
        valence_arousal=np.concatenate([number, -number], -1) / 2, features=number * np.float32([1, 10, 100])
    )


def test_outputs_are_in_the_order_of_the_rows_and_without_padding():
    """Overlapping windows: each example counts in one of them, and the last window is padding."""
    windows = [
        batch_of([[0, 1, 2, 3], [2, 3, 4, 5]], [[1, 1, 1, 0], [0, 1, 1, 1]]),
        batch_of([[8, 7, 6, 5], [-1, -1, -1, -1]], [[1, 1, 1, 0], [0, 0, 0, 0]]),
    ]
    examples = [Example(f"{number}.jpg", "", "", number, 0.0, Labels()) for number in range(9)]
    function = RawOutputs(predict, ("features", "valence_arousal"))
    rows = collect(function, windows, examples, ("valence_arousal",), "affectnet_8", 64)
    arrays = function.arrays()
    assert rows.source == tuple(f"{number}.jpg" for number in range(9))
    np.testing.assert_array_equal(function.index, range(9))
    np.testing.assert_array_equal(arrays["features"], np.arange(9)[:, None] * [1, 10, 100])
    np.testing.assert_array_equal(arrays["valence_arousal"], np.arange(9)[:, None] * [0.5, -0.5])  # not clipped
    np.testing.assert_array_equal(rows.values["valence_arousal"], np.clip(arrays["valence_arousal"], -1, 1))
