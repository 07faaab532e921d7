"""A model whose predictions can be computed by hand, and a film."""

import numpy as np
import pytest

from affect_jax.experiment.library import Model
from affect_jax.ops.geometry import CropConfig
from affect_jax.predict.predictor import Predictor
from affect_jax.types import Predictions

LABEL_SET = "emonet_5"


def brightness(images: np.ndarray) -> Predictions:
    """Valence: brightness 0..1; arousal: minus that; the emotion is happy where it is bright, sad where it is dark."""
    level = images.mean((-3, -2, -1))
    logits = np.stack([level * 0, 8 * (level - 0.5), 8 * (0.5 - level), level * 0 - 9, level * 0 - 9], -1)
    return Predictions(valence_arousal=np.stack([level, -level], -1), emotion=logits)


@pytest.fixture
def model() -> Model:
    quantities = ("valence_arousal", "emotion")
    predictor = Predictor(brightness, 16, 4, None, quantities, LABEL_SET, CropConfig(), name="brightness@7")
    return Model(predictor, "brightness", 0)


@pytest.fixture
def film(write_film, tmp_path):
    return write_film(tmp_path / "a film.mp4", range(40, 240, 20), rate=25)
