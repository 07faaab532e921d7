"""Intensities: heads, classes, scores from merged states, and rows without labels."""

import numpy as np
import pytest
from scipy import stats

from affect_jax.quantities.intensity import Intensity, nearest_class
from affect_jax.types import Label

HAPPY = Intensity("happy")


def test_halves_belong_to_the_class_above():
    values = np.array([0.0, 0.49, 0.5, 1.5, 2.5, 9.49, 9.5, 10.0])
    np.testing.assert_array_equal(nearest_class(values), [0, 0, 1, 2, 3, 9, 10, 10])
    evenly = nearest_class(np.linspace(0, 10, 100_001))
    counts = np.bincount(evenly)
    assert np.ptp(counts[1:-1]) <= 1 and abs(counts[0] - counts[1] / 2) <= 1


def test_each_head_reports_its_own_kind_of_output():
    probabilities = np.zeros(11)
    probabilities[[2, 6]] = 0.25, 0.75
    with np.errstate(divide="ignore"):
        logits = np.maximum(np.log(probabilities), -80.0)
    np.testing.assert_allclose(HAPPY.report(logits[None], 64), [[5.0]], rtol=1e-6)
    thresholds = np.where(np.arange(10) < 3, 50.0, -50.0)
    thresholds[3] = 0.0  # as likely above 3 as not
    np.testing.assert_allclose(HAPPY.report(thresholds[None], 64), [[3.5]], rtol=1e-6)
    np.testing.assert_allclose(HAPPY.report(np.array([[0.42], [-0.3], [1.7]]), 64), [[4.2], [0.0], [10.0]])
    with pytest.raises(ValueError, match=r"has 7 outputs; expected 11 \(classes\), 10 \(ordinal\) or 1"):
        HAPPY.report(np.zeros((1, 7)), 64)


def test_scores_of_merged_parts_equal_those_of_the_whole():
    rng = np.random.default_rng(1)
    label = rng.uniform(0, 10, (300, 1))
    value = np.clip(0.7 * label + rng.normal(1, 1.5, (300, 1)), 0, 10)
    weight = np.ones(300)
    parts = [HAPPY.state(value[s], Label(label[s], weight[s]), 64) for s in (slice(0, 70), slice(70, 300))]
    scores = HAPPY.scores(parts[0].merge(parts[1]))
    classes = np.floor(label[:, 0] + 0.5), np.floor(value[:, 0] + 0.5)
    apart = np.abs(classes[0] - classes[1])
    assert scores["exact/intensity_happy"] == pytest.approx((apart == 0).mean())
    assert scores["within_2/intensity_happy"] == pytest.approx((apart <= 2).mean())
    assert scores["mae/intensity_happy"] == pytest.approx(np.abs(label - value).mean())
    assert scores["pcc/intensity_happy"] == pytest.approx(stats.pearsonr(label[:, 0], value[:, 0])[0])
    # ICC(3,1) from the mean squares of the two-way table
    table = np.concatenate([value, label], 1)
    rows, columns, whole = table.mean(1), table.mean(0), table.mean()
    between = 2 * ((rows - whole) ** 2).sum() / 299
    error = ((table - rows[:, None] - columns[None] + whole) ** 2).sum() / 299
    assert scores["icc/intensity_happy"] == pytest.approx((between - error) / (between + error))


def test_rows_without_a_label_change_nothing():
    value, label = np.array([[1.0], [7.0], [4.0]]), np.array([[2.0], [7.4], [np.nan]])
    with_gap = HAPPY.scores(HAPPY.state(value, Label(label, np.array([1.0, 1.0, 0.0])), 64))
    without = HAPPY.scores(HAPPY.state(value[:2], Label(label[:2], np.ones(2)), 64))
    assert with_gap == pytest.approx(without)
    assert HAPPY.scores(HAPPY.state(value, Label(label, np.zeros(3)), 64)) == {}


def test_correlations_with_a_constant_label_are_uninformative():
    state = HAPPY.state(np.array([[1.0], [2.0]]), Label(np.zeros((2, 1)), np.ones(2)), 64)
    assert HAPPY.uninformative_scores(state) == {f"{score}/intensity_happy" for score in ("kappa", "icc", "pcc")}
    state = HAPPY.state(np.array([[1.0], [2.0]]), Label(np.array([[0.0], [3.0]]), np.ones(2)), 64)
    assert HAPPY.uninformative_scores(state) == set()
