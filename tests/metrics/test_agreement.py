"""Agreement of merged moments with a float64 oracle, whatever the batches."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.metrics.agreement import affect_scores, ccc, icc, icc_2_1, pcc, rmse, sagr
from affect_jax.metrics.moments import PairMoments

ROWS = 101


def recording():
    rng = np.random.default_rng(0)
    label = np.float32(np.clip(rng.normal([-0.2, 0.35], [0.45, 0.1], (ROWS, 2)), -1, 1))
    label[::13, 0] = 0.0
    predicted = np.float32(np.clip(0.7 * label + rng.normal(0.05, 0.2, label.shape), -1, 1))
    predicted[13, 0] = 0.0
    return predicted, label


def anova_icc(predicted, label):
    """ICC(3,1) and ICC(2,1) from the mean squares of a two-way table of n faces by 2 raters."""
    table = np.stack([predicted, label], axis=1)
    n, raters = table.shape
    grand = table.mean()
    faces = raters * ((table.mean(1) - grand) ** 2).sum()
    columns = n * ((table.mean(0) - grand) ** 2).sum()
    residual = ((table - grand) ** 2).sum() - faces - columns
    bms, ems = faces / (n - 1), residual / ((n - 1) * (raters - 1))
    jms = columns / (raters - 1)
    third = (bms - ems) / (bms + (raters - 1) * ems)
    return third, (bms - ems) / (bms + (raters - 1) * ems + raters * (jms - ems) / n)


def oracle(predicted, label):
    predicted, label = np.float64(predicted), np.float64(label)
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    gap = (predicted.mean(0) - label.mean(0)) ** 2
    third, second = np.transpose([anova_icc(predicted[:, d], label[:, d]) for d in range(2)])
    return {
        "ccc": 2 * covariance / (predicted.var(0) + label.var(0) + gap),
        "pcc": np.array([np.corrcoef(predicted[:, d], label[:, d])[0, 1] for d in range(2)]),
        "rmse": np.sqrt(((predicted - label) ** 2).mean(0)),
        "sagr": (np.sign(predicted) == np.sign(label)).mean(0),
        "icc": third,
        "icc_2_1": second,
    }


@pytest.mark.parametrize("batch", [1, 7, 32, ROWS])
@pytest.mark.parametrize("shuffled", [False, True])
def test_scores_of_merged_padded_batches_equal_the_oracle_of_the_whole(batch, shuffled):
    predicted, label = recording()
    order = np.random.default_rng(1).permutation(ROWS) if shuffled else np.arange(ROWS)
    order = np.concatenate([order, np.full(-ROWS % batch, order[-1])])  # padded with copies of weight 0
    weight = np.float32(np.arange(len(order)) < ROWS)
    of = jax.jit(PairMoments.of)
    states = [
        of(predicted[rows], label[rows], weight[start : start + batch])
        for start in range(0, len(order), batch)
        for rows in [order[start : start + batch]]
    ]
    scores = affect_scores(functools.reduce(PairMoments.merge, states))
    for name, (valence, arousal) in oracle(predicted, label).items():
        np.testing.assert_allclose(scores[f"{name}/valence"], valence, atol=1e-6)
        np.testing.assert_allclose(scores[f"{name}/arousal"], arousal, atol=1e-6)
        np.testing.assert_allclose(scores[f"{name}/mean"], (valence + arousal) / 2, atol=1e-6)


def test_sharded_batches_give_the_same_moments():
    predicted, label = (array[:96] for array in recording())
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    spread = [jax.device_put(array, place) for array in (predicted, label, np.ones(96, np.float32))]
    state = jax.jit(PairMoments.of)(*spread)
    expected = PairMoments.of(np.float64(predicted), np.float64(label), np.ones(96))
    np.testing.assert_allclose(ccc(state), ccc(expected), atol=1e-6)
    np.testing.assert_allclose(state.scatter, expected.scatter, rtol=1e-5, atol=1e-5)


def test_host_states_in_float64_equal_the_oracle_to_the_last_digits():
    predicted, label = (np.float64(array) for array in recording())
    moments = PairMoments.of(predicted, label, np.ones(ROWS))
    for name, expected in oracle(predicted, label).items():
        score = {"ccc": ccc, "pcc": pcc, "rmse": rmse, "sagr": sagr, "icc": icc, "icc_2_1": icc_2_1}[name](moments)
        np.testing.assert_allclose(score, expected, rtol=1e-12)


@pytest.mark.parametrize("side", [0, 1])
def test_a_constant_on_one_side_correlates_with_nothing(side):
    rng, states = np.random.default_rng(0), []
    for rows in [32] * 9 + [7]:  # float32 batches whose means differ: rounding alone correlates at 0.1
        pair = [np.full((rows, 2), np.float32([-0.03, 0.05])), rng.normal(rng.normal(), 0.3, (rows, 2))]
        known = (rng.random(rows) > 0.2).astype(np.float32)
        states.append(PairMoments.of(*map(jnp.float32, pair[:: 1 if side == 0 else -1]), known))
    moments = functools.reduce(PairMoments.merge, states)
    assert pcc(moments).tolist() == [0, 0]
    np.testing.assert_allclose(ccc(moments), 0, atol=1e-6)


def test_the_rule_of_avec_lowers_ccc_by_at_most_one_part_in_n():
    predicted, label = (np.float64(array) for array in recording())
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    gap = (predicted.mean(0) - label.mean(0)) ** 2
    avec = 2 * covariance / (predicted.var(0, ddof=1) + label.var(0, ddof=1) + gap)
    ours = ccc(PairMoments.of(predicted, label, np.ones(ROWS)))
    assert (0 < (ours - avec) / ours).all() and ((ours - avec) / ours < 1 / ROWS).all()


def test_an_offset_lowers_absolute_agreement_but_not_consistency():
    # Shrout and Fleiss 1979, Table 2: six targets, of four judges the second and the third.
    second, third = np.array([[2.0], [1], [4], [1], [5], [2]]), np.array([[5.0], [3], [6], [2], [6], [4]])
    # Row sums 7, 4, 10, 3, 11, 6 (mean 41/6): BMS = (331 - 41^2/6) / 2 / 5 = 5.08333
    # Differences 3, 2, 2, 1, 1, 2 (mean 11/6): EMS = (23 - 11^2/6) / 2 / 5 = 0.28333; JMS = 6/2 (11/6)^2 = 10.08333
    moments = PairMoments.of(second, third, np.ones(6))
    np.testing.assert_allclose(icc(moments), (5.08333 - 0.28333) / (5.08333 + 0.28333), rtol=1e-5)
    np.testing.assert_allclose(
        icc_2_1(moments), (5.08333 - 0.28333) / (5.08333 + 0.28333 + 2 * (10.08333 - 0.28333) / 6), rtol=1e-5
    )


def test_hand_worked_ccc():
    # labels 0, 1, 2: mean 1, variance 2/3. predictions 1, 2, 3: mean 2, variance 2/3, covariance 2/3.
    # 2 * 2/3 / (2/3 + 2/3 + 1) = 4/7
    label, predicted = np.array([[0.0], [1], [2]]), np.array([[1.0], [2], [3]])
    np.testing.assert_allclose(ccc(PairMoments.of(predicted, label, np.ones(3))), 4 / 7)


def test_garbage_in_rows_of_weight_zero_leaves_the_state_unchanged_bit_for_bit():
    predicted, label = recording()
    weight = np.float32(np.arange(ROWS) % 3 > 0)
    broken = [np.where(weight[:, None] > 0, array, np.nan) for array in (predicted, label)]
    of = jax.jit(PairMoments.of)
    clean, dirty = of(predicted, label, weight), of(*broken, weight)
    for one, other in zip(jax.tree.leaves(clean), jax.tree.leaves(dirty), strict=True):
        np.testing.assert_array_equal(one, other)


def test_sets_without_spread_or_without_labels_have_no_nan():
    rows = np.zeros((3, 2)) + 0.5
    flat = PairMoments.of(rows, rows, np.ones(3))
    for score, expected in ((ccc, 0), (pcc, 0), (icc, 0), (icc_2_1, 0), (rmse, 0), (sagr, 1)):
        np.testing.assert_array_equal(score(flat), expected)
    empty = PairMoments.of(rows, rows, np.zeros(3))
    assert affect_scores(empty) == {}
    assert affect_scores(empty.merge(empty)) == {}
    assert affect_scores(empty.merge(flat)) == affect_scores(flat)


def test_a_single_pair_has_an_error_but_no_correlation():
    one = PairMoments.of(np.array([[0.5, -0.25]]), np.array([[0.25, 0.25]]), np.ones(1))
    assert affect_scores(one) == {
        "rmse/valence": 0.25,
        "rmse/arousal": 0.5,
        "rmse/mean": 0.375,
        "sagr/valence": 1.0,
        "sagr/arousal": 0.0,
        "sagr/mean": 0.5,
    }
    for score in (ccc, pcc, icc, icc_2_1):
        assert np.isnan(score(one)).all()
    assert affect_scores(one.merge(one))["ccc/mean"] == 0.0  # two equal pairs are a constant


def test_a_constant_that_float32_cannot_hold_exactly_scores_zero():
    of = jax.jit(PairMoments.of)
    parts = [of(np.full((n, 2), 0.1, np.float32), np.full((n, 2), 0.1, np.float32), jnp.ones(n)) for n in (7, 11, 3)]
    merged = functools.reduce(PairMoments.merge, parts)
    for score in (ccc, pcc, icc, icc_2_1):
        np.testing.assert_array_equal(score(merged), 0)


def test_a_large_offset_does_not_cancel():
    rng = np.random.default_rng(3)
    label = np.float32(0.9 + rng.normal(0, 1e-3, (4000, 2)))
    predicted = np.float32(label + rng.normal(0, 1e-3, label.shape))
    of = jax.jit(PairMoments.of)
    parts = [of(p, t, jnp.ones(100)) for p, t in zip(np.split(predicted, 40), np.split(label, 40), strict=True)]
    np.testing.assert_allclose(
        ccc(functools.reduce(PairMoments.merge, parts)), oracle(predicted, label)["ccc"], atol=2e-5
    )
