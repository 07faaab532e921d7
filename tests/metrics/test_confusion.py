"""Confusion matrices against counting by hand."""

import jax
import numpy as np

from affect_jax.metrics.confusion import ConfusionMatrix, emotion_scores, f1, recall

#           4 labels of emotion 0 (3 right), 2 of emotion 1 (1 right), none of emotion 2, which is predicted once
LABEL = np.array([0, 0, 0, 0, 1, 1])
PREDICTED = np.array([0, 0, 0, 2, 1, 0])


def test_hand_worked_scores_leave_out_emotions_without_an_example():
    matrix = ConfusionMatrix.of(PREDICTED, LABEL, np.ones(6), 3)
    np.testing.assert_array_equal(matrix.counts, [[3, 0, 1], [1, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(recall(matrix), [3 / 4, 1 / 2, np.nan])
    np.testing.assert_allclose(f1(matrix), [6 / 8, 2 / 3, np.nan])  # 2 TP / (labels + predictions)
    assert emotion_scores(matrix) == {
        "accuracy": 4 / 6,
        "balanced_accuracy": (3 / 4 + 1 / 2) / 2,
        "macro_f1": (6 / 8 + 2 / 3) / 2,
    }


def test_merged_device_batches_equal_the_whole_and_ignore_rows_of_weight_zero():
    of = jax.jit(ConfusionMatrix.of, static_argnums=3)
    rng = np.random.default_rng(0)
    label, predicted = rng.integers(0, 5, (2, 60))
    weight = np.float32(rng.random(60) < 0.8)
    garbage = np.where(weight > 0, label, -1)
    parts = [of(*(array[s : s + 12] for array in (predicted, garbage, weight)), 5) for s in range(0, 60, 12)]
    merged = ConfusionMatrix.stack(parts).total()
    expected = np.zeros((5, 5))
    for row, column in zip(label[weight > 0], predicted[weight > 0], strict=True):
        expected[row, column] += 1
    np.testing.assert_array_equal(merged.counts, expected)
    np.testing.assert_array_equal(parts[0].merge(parts[1]).merge(parts[2]).counts.sum(), weight[:36].sum())


def test_no_examples_give_no_scores():
    assert emotion_scores(ConfusionMatrix.of(PREDICTED, LABEL, np.zeros(6), 3)) == {}
