"""Adapters computed in float64 by hand, and made networks that give features."""

import numpy as np

from affect_jax.personal.adapter import Adapter
from affect_jax.predict.cast import Cast
from affect_jax.predict.persons import Person, Persons
from affect_jax.predict.predictor import Featured
from affect_jax.types import Predictions


def features_of(output):
    """Some features of a face, made of its raw valence and arousal."""
    output = np.asarray(output)
    return np.concatenate([output, output**2, np.cos(3 * output), output[..., ::-1] * output], -1).astype(np.float32)


def give_features(function):
    def featured(images):
        predicted = function(images)
        return Predictions(**predicted, features=features_of(predicted["valence_arousal"]))

    return featured


def featured(fields, default):
    """The `Featured` of a made network, by the fields of its predictor."""
    follower = fields.get("follower")
    follow = follower and (lambda faces: give_features(follower(faces)))
    return Featured(give_features(fields.get("function", default)), "0" * 64, follow)


def make_adapter(seed, features=8):
    rng = np.random.default_rng(seed)
    return Adapter(
        rng.normal(0, 0.1, (features, 2)).astype(np.float32),
        rng.normal(0, 0.1, 2).astype(np.float32),
        rng.normal(0, 0.3, 2).astype(np.float32),
    )


def person(name, seed):
    return Person(name, make_adapter(seed), str(seed) * 64)


def cast_of(people, faces, **stems):
    return Cast(Persons(people, faces), stems)


def oracle(adapter, output):
    """Raw outputs after an adapter, in float64."""
    weights, bias, scale = (np.asarray(array, np.float64) for array in (adapter.weights, adapter.bias, adapter.scale))
    output = np.asarray(output, np.float64)
    return output + output * scale + features_of(output).astype(np.float64) @ weights + bias
