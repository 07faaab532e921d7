"""A model whose predictions can be computed by hand, and a film."""

import numpy as np
import pytest

from affect_jax.evaluate.summary import EvaluationConditions, write_summary
from affect_jax.experiment.library import Model
from affect_jax.ops.geometry import CropConfig
from affect_jax.predict.predictor import Predictor
from affect_jax.tables.rows import Rows
from affect_jax.tables.writing import write_rows
from affect_jax.types import Label, Labels, Predictions

LABEL_SET = "emonet_5"
ROWS = 40  # of an evaluation


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


@pytest.fixture
def evaluation(tmp_path):
    """A folder as launch.evaluate leaves it: some rows have no emotion, some no valence and arousal."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(5), ROWS)
    labels = Labels(
        valence_arousal=Label(rng.uniform(-1, 1, (ROWS, 2)), (rng.random(ROWS) > 0.2).astype(float)),
        emotion=Label(np.eye(5)[rng.integers(0, 5, ROWS)], (rng.random(ROWS) > 0.3).astype(float)),
    )
    rows = Rows(
        label_set="emonet_5",
        crop_px=32,
        source=tuple(f"{row}.png" for row in range(ROWS)),
        subject=tuple(f"s{row % 7}" for row in range(ROWS)),
        clip=("",) * ROWS,
        frame=np.zeros(ROWS, int),
        face=np.zeros(ROWS, int),
        time_seconds=np.zeros(ROWS),
        values={"valence_arousal": rng.uniform(-1, 1, (ROWS, 2)), "emotion": probabilities},
        labels=labels,
        success=np.ones(ROWS, bool),
    )
    write_rows(rows, tmp_path / "predictions.csv", model="m", crop="c")
    write_summary(rows, EvaluationConditions("d", "s", "c", "emonet_5", (), 1), tmp_path)
    return tmp_path
