"""Test-time averaging over an image and its mirror image."""

import dataclasses

import numpy as np

from affect_jax.evaluate.run import Predict
from affect_jax.quantities.registry import quantity
from affect_jax.types import Batch, Predictions


def flip_averaged(predict: Predict) -> Predict:
    """`predict` averaged, in float64, over image and mirror image, for the quantities that are (`mirrored`)."""

    def averaged(batch: Batch) -> Predictions:
        seen = predict(batch)
        inputs = dataclasses.replace(batch.inputs, images=batch.inputs.images[..., ::-1, :])
        mirrored = predict(dataclasses.replace(batch, inputs=inputs))
        means = {}
        for name in seen:
            if quantity(name).mirrored:
                pair = [np.asarray(each[name], np.float64) for each in (seen, mirrored)]
                means[name] = quantity(name).average_mirrored(*pair)
        return seen.replace(**means)

    return averaged
