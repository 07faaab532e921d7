"""A network that compiles quickly, a task that is plain regression, one with all options on, and two checkpoints."""

import dataclasses
import shutil

import numpy as np
import pytest
from checkpoint_pair import save_pair
from flax import nnx
from records import make_batch, make_labels

from affect_jax.tasks.affect import Affect
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.types import Batch, Label, Predictions, TaskVariables


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


class TinyAffect(Tiny):
    """The same with a second head."""

    def __init__(self, *, rngs: nnx.Rngs, dropout: float = 0.2):
        super().__init__(rngs=rngs, dropout=dropout)
        self.emotion = nnx.Linear(4, 8, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        features = self.dropout(self.norm(nnx.relu(self.trunk(images))).mean((1, 2)), rngs=rngs)
        return Predictions(valence_arousal=self.head(features), emotion=self.emotion(features))


@dataclasses.dataclass(frozen=True)
class Regression:
    def initial(self):
        return TaskVariables()

    def terms(self, predictions, batch, memory, teacher_predictions):
        error = ((predictions["valence_arousal"] - batch.labels["valence_arousal"].value) ** 2).mean(-1)
        return {"loss/mse": (error * batch.weight).sum() / batch.weight.sum()}, None

    def combine(self, terms, parameters, key):
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
        return make_batch(
            images,
            make_labels(affect, ones, np.zeros((self.count, 8), np.float32), ones * 0, zeros, ones * 0),
            ones,
            index,
        )

    def get_state(self):
        return {"number": self.number}

    def set_state(self, state):
        self.number = state["number"]


class LabeledBatches(Batches):
    """With emotions, rows without valence and arousal, rows without an emotion, and padding."""

    def __next__(self) -> Batch:
        batch = super().__next__()
        place = np.arange(self.count)
        emotion = np.eye(8, dtype=np.float32)[(place + self.number) % 8]
        labels = batch.labels.replace(
            valence_arousal=Label(batch.labels["valence_arousal"].value, np.float32(place % 3 > 0)),
            emotion=Label(emotion, np.float32(place % 4 > 0)),
        )
        return dataclasses.replace(batch, labels=labels, weight=np.float32(place < self.count - 2))


RECIPE = AffectConfig(
    mixing="learned",
    regression="rmse",
    ccc_memory=3,
    label_smoothing=0.1,
    class_weight_rule="inverse_sqrt",
    teacher="W",
)


@pytest.fixture
def full_recipe():
    """Task, network class and batches of a run with memory, learned mixture, class weights and a teacher."""
    task = Affect(RECIPE).with_class_weights(np.arange(1.0, 9.0), [f"emotion {number}" for number in range(8)])
    return task, TinyAffect, LabeledBatches


@pytest.fixture
def tiny():
    return Tiny


@pytest.fixture
def regression():
    return Regression()


@pytest.fixture
def batches():
    return Batches


@pytest.fixture(scope="session")
def whole_pair(tmp_path_factory):
    """A workdir with two checkpoints, which tests leave as it is."""
    workdir = tmp_path_factory.mktemp("pair")
    save_pair(workdir)
    return workdir


@pytest.fixture
def pair(whole_pair, tmp_path):
    """A workdir with two checkpoints, for a test to damage."""
    shutil.copytree(whole_pair / "checkpoints", tmp_path / "checkpoints")
    return tmp_path
