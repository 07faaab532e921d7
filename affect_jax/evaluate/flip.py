"""Test-time averaging over a picture and its mirror image."""

import dataclasses

import numpy as np

from affect_jax.evaluate.run import Predict
from affect_jax.types import Batch, Predictions


def flip_averaged(predict: Predict) -> Predict:
    """`predict` with valence and arousal averaged, in float64, over image and mirror; all else is of the image alone.

    Source: the published EmoNet evaluation, which takes the emotion from the unmirrored image only.
    """

    def averaged(batch: Batch) -> Predictions:
        seen = predict(batch)
        mirrored = predict(dataclasses.replace(batch, images=batch.images[..., ::-1, :]))
        pair = [np.asarray(each.valence_arousal, np.float64) for each in (seen, mirrored)]
        return dataclasses.replace(seen, valence_arousal=(pair[0] + pair[1]) / 2)

    return averaged
