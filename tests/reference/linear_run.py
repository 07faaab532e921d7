"""A config of a run that compiles in seconds, with a network of its own: for tests that start whole processes.

Variants: plain; slow (0.1 s for each batch); broken (also, process 1 cannot read its fourth batch); evaluated (few
steps, and an evaluation of many batches); evaluated_slowly (also, 1 s for each batch of the evaluation).
"""

import dataclasses
import time

import jax
from flax import nnx

from affect_jax.experiment import evaluations
from affect_jax.models.contract import Contract
from affect_jax.models.registry import MODELS
from affect_jax.train.fetch import Fetcher
from affect_jax.types import Predictions
from configs import base

INPUT_PX = 16
STEPS = 60
NEXT, EVALUATE = Fetcher.next, evaluations.evaluate


@dataclasses.dataclass(frozen=True)
class LinearConfig:
    """No options but the number of emotions, which follows from the label set."""

    emotions: int = 8
    contract = Contract(predicts=("valence_arousal", "emotion"), input_px=INPUT_PX)


class Linear(nnx.Module):
    """Two layers with batch normalization and dropout, so that statistics and random keys matter."""

    def __init__(self, config: LinearConfig, *, rngs: nnx.Rngs):
        self.hidden = nnx.Linear(3 * INPUT_PX**2, 8, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.dropout = nnx.Dropout(0.1)
        self.output = nnx.Linear(8, 2 + config.emotions, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        hidden = self.norm(self.hidden(images.reshape(len(images), -1)))
        outputs = self.output(self.dropout(nnx.relu(hidden), rngs=rngs))
        return Predictions(valence_arousal=outputs[..., :2], emotion=outputs[..., 2:])


def get_config(variant: str = "plain"):
    MODELS["linear"] = (Linear, LinearConfig)
    if variant in ("slow", "broken"):
        Fetcher.next = read_slowly(breaks=variant == "broken")
    if variant == "evaluated_slowly":
        evaluations.evaluate = evaluate_slowly
    config = base.base()
    config.label_set, config.batch_size = "emonet_5", 8
    config.train.update(steps=STEPS, log_every=2, evaluate_every=20)
    config.model, config.task = base.model("linear"), base.task("affect")
    faces = {"size_px": 32, "subjects": 5, "per_subject": 4}
    config.data.train.rendered = base.data_set("rendered", split="train", **faces)
    config.evaluations.validation = base.data_set("rendered", split="validation", **faces)
    config.augment.mixup_alpha = 0.2
    if variant.startswith("evaluated"):
        config.train.update(steps=4, evaluate_every=4)
        config.evaluations.validation.per_subject = 64  # 40 batches
    return config


def read_slowly(breaks: bool):
    taken = []

    def next_batch(self, stopping):
        time.sleep(0.1)
        taken.append(None)
        if breaks and len(taken) == 4 and jax.process_index() == 1:
            raise ValueError("shard 3 is damaged")
        return NEXT(self, stopping)

    return next_batch


def evaluate_slowly(predict, quantities, batches, crop_px):
    def slowly():
        for batch in batches:
            yield batch
            time.sleep(1.0)

    return EVALUATE(predict, quantities, slowly(), crop_px)
