"""Adapters computed in float64 by hand, and made networks that give features."""

import numpy as np

from affect_jax.personal.adapter import Adapter
from affect_jax.personal.stored import StoredFeatures
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


def feature_rows(digest, width, count=60, **fields):
    """Stored features of a video of noise at 25 frames/s, without labels."""
    rng = np.random.default_rng(3)
    made = dict(
        features=rng.normal(size=(count, width)).astype(np.float32),
        raw=np.random.default_rng(4).normal(0, 0.3, (count, 2)).astype(np.float32),
        labels=np.zeros((count, 2), np.float32),
        weight=np.zeros(count, np.float32),
        subject=("",) * count,
        clip=("film.mp4",) * count,
        face=np.zeros(count, int),
        frame=np.arange(count),
        time_seconds=np.arange(count) / 25,
        network_sha256=digest,
        network="static@4",
        label_set="affectnet_8",
    )
    return StoredFeatures(**{**made, **fields})
