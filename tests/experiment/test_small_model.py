"""A network of ten lines goes through the ordinary loop; it knows nothing of executions and sizes of maps."""

import dataclasses
import json

import jax.numpy as jnp
import pytest
from flax import nnx

from affect_jax.experiment import restore
from affect_jax.experiment.train import train
from affect_jax.models.contract import Contract
from affect_jax.models.registry import MODELS
from affect_jax.types import Predictions
from configs import base

pytestmark = pytest.mark.slow  # a whole run


@dataclasses.dataclass(frozen=True)
class SmallConfig:
    emotions: int = 8
    contract = Contract(predicts=("valence_arousal", "emotion"), input_px=16)


class Small(nnx.Module):
    def __init__(self, config: SmallConfig, *, rngs: nnx.Rngs):
        self.hidden = nnx.Linear(3, 8, rngs=rngs)
        self.output = nnx.Linear(8, 2 + config.emotions, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        outputs = self.output(nnx.relu(self.hidden(jnp.asarray(images).mean((-3, -2)))))
        return Predictions(outputs[..., :2], outputs[..., 2:])


def test_it_trains_is_scored_and_is_restored(tmp_path, monkeypatch):
    monkeypatch.setitem(MODELS, "small", (Small, SmallConfig))
    config = base.base()
    config.label_set, config.batch_size = "emonet_5", 8
    config.train.update(steps=4, log_every=2, evaluate_every=2)
    config.model, config.task = base.model("small"), base.task("affect")
    assert config.model.to_dict() == {"name": "small"}
    faces = {"size_px": 48, "subjects": 2, "per_subject": 4}
    config.data.train.rendered = base.data_set("rendered", split="train", **faces)
    config.data.validation = base.data_set("rendered", split="validation", **faces)
    assert train(config, tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert any("validation/ccc/mean" in line for line in lines), lines
    _, network, variables, _ = restore.restored(tmp_path / "run")
    images = jnp.full((3, 16, 16, 3), 0.5)
    assert network.predict(variables, images).emotion_logits.shape == (3, 5)
