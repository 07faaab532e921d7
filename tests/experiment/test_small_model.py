"""A network of ten lines goes through the ordinary loop; it knows nothing of images, executions and sizes of maps."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.experiment import restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.predictor import predictor
from affect_jax.experiment.train import train
from affect_jax.models.contract import Contract
from affect_jax.models.registry import MODELS
from affect_jax.types import Predictions
from configs import base

pytestmark = pytest.mark.slow  # a whole run


@dataclasses.dataclass(frozen=True)
class SmallConfig:
    emotions: int = 8
    contract = Contract(takes="landmarks", predicts=("valence_arousal", "emotion"), input_px=64)


class Small(nnx.Module):
    def __init__(self, config: SmallConfig, *, rngs: nnx.Rngs):
        self.hidden = nnx.Linear(2 * 68, 8, rngs=rngs)
        self.output = nnx.Linear(8, 2 + config.emotions, rngs=rngs)

    def __call__(self, landmarks, *, rngs=None):
        outputs = self.output(nnx.relu(self.hidden(landmarks.reshape(len(landmarks), -1) / 64)))
        return Predictions(valence_arousal=outputs[..., :2], emotion=outputs[..., 2:])


def test_it_trains_is_scored_and_is_restored(tmp_path, monkeypatch):
    monkeypatch.setitem(MODELS, "small", (Small, SmallConfig))
    config = base.base()
    config.label_set, config.batch_size = "emonet_5", 8
    config.train.update(steps=4, log_every=2, evaluate_every=2)
    config.model, config.task = base.model("small"), base.task("affect")
    assert config.model.to_dict() == {"name": "small"}
    faces = {"size_px": 48, "subjects": 2, "per_subject": 4}
    config.data.train.rendered = base.data_set("rendered", split="train", **faces)
    config.evaluations.validation = base.data_set("rendered", split="validation", **faces)
    run = tmp_path / "run"
    assert train(config, run)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert sum("validation/ccc/mean" in line for line in lines) == 2
    _, network, variables, _ = restore.restore_run(run)
    drawn = network.initial(jax.random.fold_in(jax.random.key(0), 0))
    assert not np.array_equal(drawn.trained["hidden"]["kernel"][...], variables.trained["hidden"]["kernel"][...])
    landmarks = jnp.full((3, 68, 2), 10.0)
    assert network.predict(variables, landmarks)["emotion"].shape == (3, 5)
    _, summary = evaluate_run(run, "rendered", "", "test", ["subjects=2", "per_subject=4"])
    assert np.isfinite(summary["scores"]["ccc/mean"])
    with pytest.raises(UsageError, match="holds a network of landmarks; only images can be mirrored"):
        evaluate_run(run, "rendered", "", "test", ["subjects=2", "per_subject=4"], flip=["valence_arousal"])
    with pytest.raises(UsageError, match="holds a network of landmarks; files and videos provide images only"):
        predictor(run)
