import dataclasses

import jax.numpy as jnp
import numpy as np

from affect_jax.personal.labeled import Labeled
from affect_jax.personal.scoring import score_options


def ccc_in_float64(predicted, label):
    covariance = np.mean((predicted - predicted.mean()) * (label - label.mean()))
    return 2 * covariance / (predicted.var() + label.var() + (predicted.mean() - label.mean()) ** 2)


def test_options_are_scored_by_the_mean_ccc_of_persons_and_dimensions():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3, 20, 4)).astype(np.float32)
    label = rng.normal(size=(3, 20, 2)).astype(np.float32)
    weight = np.ones((3, 20), np.float32)
    weight[1, 12:] = 0
    frames = Labeled(jnp.asarray(features), jnp.asarray(label), jnp.asarray(weight))
    predict = lambda person, own: jnp.stack([own[:, :2], own[:, 2:] + jnp.asarray(person, jnp.float32)])
    found = score_options(predict, frames)
    expected = np.zeros((2, 3, 2))
    for person, dimension in np.ndindex(3, 2):
        used = weight[person] > 0
        own = features[person, used].astype(np.float64)
        truth = label[person, used, dimension].astype(np.float64)
        expected[0, person, dimension] = ccc_in_float64(own[:, dimension], truth)
        expected[1, person, dimension] = ccc_in_float64(own[:, 2 + dimension] + person, truth)
    np.testing.assert_allclose(found, expected.mean((1, 2)), rtol=1e-4)
    spoiled = dataclasses.replace(frames, label=jnp.asarray(np.where(weight[..., None] > 0, label, np.nan)))
    np.testing.assert_array_equal(score_options(predict, spoiled), found)
