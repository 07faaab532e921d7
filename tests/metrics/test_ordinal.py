"""Scores of ordered classes against hand-worked numbers and a direct computation."""

import numpy as np
import pytest

from affect_jax.metrics.confusion import ConfusionMatrix
from affect_jax.metrics.ordinal import quadratic_weighted_kappa, within


def _matrix(label, predicted, classes):
    counts = np.zeros((classes, classes))
    np.add.at(counts, (label, predicted), 1)
    return ConfusionMatrix(counts)


def test_kappa_and_shares_worked_by_hand():
    # Labels 0 0 1 2, predictions 0 1 1 0: squared distances 0 1 0 4, their sum 5.
    # By chance: counts of labels (2, 1, 1), of predictions (2, 2, 0); sum of squared distance x product / 4 =
    # (0-1: 2*2*1 + 1-0: 1*2*1 + 2-0: 1*2*4 + 2-1: 1*2*1) / 4 = 16 / 4 = 4, so kappa is 1 - 5/4.
    matrix = _matrix([0, 0, 1, 2], [0, 1, 1, 0], 3)
    assert quadratic_weighted_kappa(matrix) == pytest.approx(-0.25)
    assert [within(matrix, apart) for apart in (0, 1, 2)] == [0.5, 0.75, 1.0]


def test_kappa_of_many_equals_the_mean_over_all_pairs():
    rng = np.random.default_rng(0)
    label, predicted = rng.integers(0, 11, 400), np.clip(rng.integers(0, 11, 400), 0, 10)
    observed = ((label - predicted) ** 2).mean()
    chance = ((label[:, None] - predicted[None]) ** 2).mean()  # every label with every prediction
    assert quadratic_weighted_kappa(_matrix(label, predicted, 11)) == pytest.approx(1 - observed / chance)


def test_degenerate_matrices():
    assert np.isnan(within(ConfusionMatrix(np.zeros((11, 11))), 2))
    assert np.isnan(quadratic_weighted_kappa(ConfusionMatrix(np.zeros((11, 11)))))
    assert quadratic_weighted_kappa(_matrix([3, 3], [3, 3], 11)) == 0
