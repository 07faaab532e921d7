"""Losses of clips against float64 numpy: pairs of frames that both count, correlations of each clip."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.losses.clips import LEAST_FRAMES, clip_moments, mean_over_clips, squared_step
from affect_jax.losses.continuous import ccc, pcc
from affect_jax.losses.reduce import weighted_mean


def clips(count=5, time=9):
    rng = np.random.default_rng(1)
    label = rng.uniform(-1, 1, (count, time, 2))
    predicted = 0.6 * label + rng.normal(0.1, 0.3, label.shape)
    weight = rng.choice([0.0, 0.5, 1.0], (count, time), p=[0.2, 0.3, 0.5])
    weight[1] = 0  # no label at all
    weight[2] = np.arange(time) < LEAST_FRAMES - 1  # too few
    return [np.float32(values) for values in (predicted, label, weight)]


def test_steps_between_frames_that_both_count_equal_a_loop():
    predicted, _, weight = clips()
    total, mass = 0.0, 0.0
    for clip in range(5):
        for frame in range(8):
            lesser = min(weight[clip, frame], weight[clip, frame + 1])
            total += lesser * ((np.float64(predicted)[clip, frame + 1] - predicted[clip, frame]) ** 2).mean()
            mass += lesser
    found = weighted_mean(*squared_step(jnp.asarray(predicted), jnp.asarray(weight)))
    np.testing.assert_allclose(found, total / mass, rtol=1e-5)
    # hand-worked: valence 0, 0.2, 0.2 and arousal 0, 0, 0.4 -> means of squares 0.02 and 0.08
    steps, both = squared_step(jnp.array([[0, 0], [0.2, 0], [0.2, 0.4]]), jnp.array([1.0, 1, 0.5]))
    np.testing.assert_allclose(steps, [0.02, 0.08], rtol=1e-6)
    np.testing.assert_array_equal(both, [1, 0.5])


def test_a_frame_without_weight_joins_no_pair_and_gets_no_gradient_even_if_it_is_nan():
    predicted, _, weight = clips()
    loss = jax.value_and_grad(lambda values: weighted_mean(*squared_step(values, jnp.asarray(weight))))
    garbage = np.where(weight[..., None] > 0, predicted, np.nan)
    (value, gradient), (other, dirty) = loss(jnp.asarray(predicted)), loss(jnp.asarray(garbage))
    assert value == other
    np.testing.assert_array_equal(gradient, dirty)
    assert not np.asarray(gradient)[weight == 0].any() and np.asarray(gradient).any()


def float64_scores(predicted, label, weight):
    share = (weight / weight.sum())[:, None].astype(np.float64)
    means = [(share * values).sum(0) for values in (predicted, label)]
    left, right = predicted - means[0], label - means[1]
    variances = [(share * values**2).sum(0) for values in (left, right)]
    covariance = (share * left * right).sum(0)
    concordance = 2 * covariance / (sum(variances) + (means[0] - means[1]) ** 2)
    return {ccc: concordance.mean(), pcc: (covariance / np.sqrt(variances[0] * variances[1])).mean()}


@pytest.mark.parametrize("score", [ccc, pcc])
def test_the_mean_over_clips_leaves_out_those_with_too_few_labels(score):
    predicted, label, weight = clips()
    expected = np.mean(
        [float64_scores(*(np.float64(v[clip]) for v in (predicted, label, weight)))[score] for clip in (0, 3, 4)]
    )
    arrays = [jnp.asarray(values) for values in (predicted, label, weight)]
    found, count = mean_over_clips(jax.vmap(score)(clip_moments(*arrays)), arrays[2])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert count == 3
    none, count = mean_over_clips(jax.vmap(score)(clip_moments(*arrays)), jnp.zeros((5, 9)))
    assert none == 0 and count == 0
