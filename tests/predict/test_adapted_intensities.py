"""Adapters of networks of intensity: what is adapted is the expected intensity in tenths, whatever the head."""

import numpy as np
import pytest

from affect_jax.ops.geometry import DEFAULT_CROP
from affect_jax.personal.adapter import Adapter
from affect_jax.predict.predictor import Featured, Predictor
from affect_jax.types import Predictions

NAMES = ("intensity_happy", "intensity_sad")


def logits(expected):
    """Of the classes 0 to 10, nearly certain of one."""
    return np.float32(np.where(np.arange(11) == np.asarray(expected)[..., None], 60.0, 0.0))


@pytest.mark.parametrize("adapted", [True, False])
def test_the_neutral_answer_is_subtracted_of_every_intensity_and_none_is_below_0(adapted):
    """Happiness 6 becomes 6 - 2.5, sadness 1 becomes 0 instead of 1 - 2."""

    def network(images):
        count = len(images)
        parts = dict(zip(NAMES, (logits([6] * count), logits([1] * count)), strict=True))
        return Predictions(**parts, features=np.ones((count, 3), np.float32))

    predictor = Predictor(
        function=network,
        crop_px=4,
        batch=2,
        frames=None,
        quantities=NAMES,
        label_set="affectnet_8",
        crop=DEFAULT_CROP,
        featured=Featured(network, "0" * 64),
    )
    zeros = np.zeros((3, 2), np.float32)
    adapter = Adapter(zeros, np.float32([-0.25, -0.2]), np.zeros(2, np.float32)) if adapted else None
    found = predictor.values(np.zeros((2, 4, 4, 3), np.float32), [adapter, None])
    first = (3.5, 0.0) if adapted else (6.0, 1.0)
    np.testing.assert_allclose(found["intensity_happy"], [[first[0]], [6]], atol=1e-4)
    np.testing.assert_allclose(found["intensity_sad"], [[first[1]], [1]], atol=1e-4)
