"""Test-time averaging over an image and its mirror image."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from affect_jax.evaluate.run import Predict
from affect_jax.quantities.registry import quantity
from affect_jax.types import Batch, Predictions


def with_flip_averaging(predict: Predict, names: Sequence[str]) -> Predict:
    """Wraps `predict` to average the named quantities over each image and its mirror image, in float64."""

    def predict_average(batch: Batch) -> Predictions:
        original = predict(batch)
        inputs = dataclasses.replace(batch.inputs, images=batch.inputs.images[..., ::-1, :])
        mirrored = predict(dataclasses.replace(batch, inputs=inputs))
        means = {}
        for name in set(names) & set(original):
            output = np.asarray(original[name], np.float64)
            means[name] = quantity(name).average_mirrored(output, np.asarray(mirrored[name], np.float64))
        return original.replace(**means)

    return predict_average
