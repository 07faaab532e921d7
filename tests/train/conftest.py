"""A network small enough to compile in a moment, and a task that is ordinary regression."""

import dataclasses

import numpy as np
import pytest
from flax import nnx

from affect_jax.types import Batch, Labels, Predictions


class Tiny(nnx.Module):
    """A trunk and a head, with BatchNorm and dropout in both."""

    def __init__(self, *, rngs: nnx.Rngs, dropout: float = 0.0):
        self.trunk = nnx.Sequential(nnx.Conv(3, 4, (3, 3), rngs=rngs), nnx.BatchNorm(4, rngs=rngs))
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)
        self.head = nnx.Linear(4, 2, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        features = self.norm(nnx.relu(self.trunk(images))).mean((1, 2))
        return Predictions(valence_arousal=self.head(self.dropout(features, rngs=rngs)))


@dataclasses.dataclass(frozen=True)
class Regression:
    def terms(self, predictions, batch):
        error = ((predictions.valence_arousal - batch.labels.valence_arousal) ** 2).mean(-1)
        return {"loss/mse": (error * batch.weight).sum() / batch.weight.sum()}

    def combine(self, terms, key):
        return terms["loss/mse"]


class Batches:
    """Endless batches that are a function of their number."""

    def __init__(self, count: int = 16):
        self.number, self.count = 0, count

    def __iter__(self):
        return self

    def __next__(self) -> Batch:
        rng = np.random.default_rng(self.number)
        self.number += 1
        images = rng.random((self.count, 6, 6, 3), np.float32)
        affect = np.stack([images[..., 0].mean((1, 2)), images[..., 1].std((1, 2))], -1)
        ones, zeros = np.ones(self.count, np.float32), np.zeros((self.count, 68, 2), np.float32)
        index = np.arange(self.count, dtype=np.int32)
        return Batch(
            images, Labels(affect, ones, np.zeros((self.count, 8), np.float32), ones * 0, zeros, ones * 0), ones, index
        )

    def get_state(self):
        return {"number": self.number}

    def set_state(self, state):
        self.number = state["number"]


@pytest.fixture
def tiny():
    return Tiny


@pytest.fixture
def regression():
    return Regression()


@pytest.fixture
def batches():
    return Batches
