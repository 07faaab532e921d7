"""A quantity defined in one file works everywhere, and generic code names no quantity."""

import json
import pathlib
import re
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.data import loader, store
from affect_jax.data.augment import AugmentConfig
from affect_jax.data.source import Table, unlabeled
from affect_jax.evaluate.collect import collect
from affect_jax.evaluate.run import evaluate
from affect_jax.evaluate.summary import EvaluationConditions, write_summary
from affect_jax.metrics.moments import PairMoments
from affect_jax.nn.network import Network
from affect_jax.ops.image import unit_range
from affect_jax.quantities.quantity import Quantity
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.report.tables import score_line
from affect_jax.tables.reading import read_rows
from affect_jax.tables.writing import write_rows
from affect_jax.tasks.labels import get_label
from affect_jax.train.objective import Objective
from affect_jax.train.optimizer import OptimizerConfig, make_optimizer
from affect_jax.train.state import create_state
from affect_jax.train.step import make_train_step
from affect_jax.types import Predictions, TaskVariables

ROOT = pathlib.Path(__file__).parents[1]
# Where a quantity may be named; everything else loops over quantities.
MAY_NAME = ("quantities/", "tasks/", "losses/", "models/", "nn/heads.py", "data/readers/", "data/render/",
            "metrics/agreement.py", "report/sections/", "predict/sinks/painter.py", "draw/colors.py",
            "experiment/derive/growth.py",
            "predict/viewer/",  # a circumplex and its curves
            "experiment/library/",  # examples and messages for its users
            "tables/formats/pyfeat.py",  # columns of another program
            # Adaptation to a person, drift and mixtures of experts are of valence and arousal.
            "personal/", "tables/feature_rows.py", "tables/person_rows.py", "predict/predictor.py",
            "report/adaptation.py", "experiment/study/adaptation", "experiment/study/whole_network.py",
            "experiment/derive/join.py", "experiment/drift.py", "experiment/features.py", "experiment/labels.py",
            "experiment/lesson.py")  # fmt: skip


class Gaze(Quantity):
    """Yaw of the eyes in degrees: the toy."""

    name = "gaze"
    description = "yaw of the gaze in degrees"
    mirrored = True
    headline = MappingProxyType({"gaze_rmse": "gaze RMSE"})

    def label_shape(self, label_set):
        return (1,)

    def report(self, output, crop_px):
        return output * 90

    def average_mirrored(self, output, mirrored):
        return (output - mirrored) / 2

    def columns(self, label_set):
        return ("gaze_yaw",)

    def state(self, value, label, crop_px):
        return PairMoments.of(value, label.value, label.weight)

    def scores(self, state):
        squared = state.scatter[0, 0] + state.scatter[1, 1] - 2 * state.scatter[0, 1]
        bias = (state.mean[0] - state.mean[1]) ** 2
        return {"gaze_rmse": float(np.sqrt(squared[0] / state.count + bias[0]))} if float(state.count) else {}


class Eyes:
    """A reader's source: brightness encodes the gaze; every fourth face has no label."""

    label_set = "affectnet_8"

    def __init__(self, count=24):
        labels = unlabeled(count, self.label_set, ["gaze"])
        self.level = np.random.default_rng(0).integers(20, 236, count)
        labels["gaze"].value[:, 0] = 45 * (self.level / 127.5 - 1)
        labels["gaze"].weight[:] = np.arange(count) % 4 > 0
        names = [f"{index}.png" for index in range(count)]
        subjects = [f"subject_{index % 4}" for index in range(count)]
        self.examples = Table(names, subjects, [""] * count, np.arange(count), np.zeros(count), labels)

    def image(self, index):
        return np.full((16, 16, 3), self.level[index], np.uint8)


class Looker(nnx.Module):
    """Mean brightness to gaze."""

    def __init__(self, *, rngs):
        self.output = nnx.Linear(3, 1, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        return Predictions(gaze=self.output(images.mean((-3, -2))))


class LookTask:
    """Squared error of the gaze."""

    quantities = ("gaze",)

    def initial(self):
        return TaskVariables()

    def terms(self, predictions, batch, memory=None, teacher_predictions=None):
        label, weight = get_label("gaze", batch, predictions["gaze"].shape)
        squared = (predictions["gaze"] - label / 90) ** 2
        return {"loss/gaze": (squared * weight[:, None]).sum() / jnp.maximum(weight.sum(), 1)}, memory

    def combine(self, terms, parameters, key):
        return terms["loss/gaze"]


@pytest.fixture
def gaze(monkeypatch):
    monkeypatch.setitem(QUANTITIES, "gaze", Gaze())


def trained(source):
    """Variables of the toy network after 60 steps, and the network."""
    network, task = Network(lambda rngs: Looker(rngs=rngs)), LookTask()
    optimizer = make_optimizer(OptimizerConfig(learning_rate=0.05), 60)
    state = create_state(network, optimizer, network.initial(jax.random.key(0)), task.initial())
    step = jax.jit(make_train_step(Objective(network, task), optimizer, jax.random.key(1)))
    still = AugmentConfig(rotation_degrees=0.0, scale=0.0, shift=0.0, brightness=0.0, contrast=0.0, saturation=0.0,
                          tint=0.0, mixup_alpha=0.2)  # fmt: skip
    batches = loader.training_batches(source, crop_px=8, batch=8, seed=0, augment=still)
    for _ in range(60):
        state, terms = step(state, jax.tree.map(jnp.asarray, next(batches)))
    assert terms["loss/gaze"] < 2e-3
    return network, state.variables


def test_a_toy_quantity_works_in_reader_store_training_evaluation_table_and_report(gaze, tmp_path):
    stored = store.materialize(Eyes, tmp_path / "store", "eyes", workers=1)
    np.testing.assert_array_equal(stored.examples.labels["gaze"].value, Eyes().examples.labels["gaze"].value)
    network, variables = trained(stored)
    predict = lambda batch: network.predict(variables, jnp.asarray(unit_range(batch.inputs.images)))
    batches = loader.evaluation_batches(stored, crop_px=8, batch=8)
    scores = evaluate(predict, LookTask.quantities, batches, 8)
    rows = collect(predict, batches, stored.examples, LookTask.quantities, stored.label_set, 8)
    expected = Eyes().examples.labels["gaze"].value[rows.labeled("gaze"), 0]
    errors = rows.values["gaze"][rows.labeled("gaze"), 0] - expected
    assert (
        scores["gaze_rmse"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-4) and scores["gaze_rmse"] < 10
    )  # of labels from -37 to 38 degrees
    write_rows(rows, tmp_path / "predictions.csv", "toy@60", "crop")
    again = read_rows(tmp_path / "predictions.csv")
    np.testing.assert_array_equal(again.values["gaze"], rows.values["gaze"])
    assert again.labeled("gaze").sum() == 18
    summary = write_summary(rows, EvaluationConditions("eyes", "test", "crop", stored.label_set, (), 60), tmp_path)
    assert summary["n"]["gaze"] == 18 and set(summary["interval_95"]) == {"gaze_rmse"}
    assert json.loads((tmp_path / "summary.json").read_text())["scores"] == pytest.approx(scores, rel=1e-4)
    assert score_line(summary, "toy")["gaze RMSE"] == pytest.approx(scores["gaze_rmse"], rel=1e-4)


def test_generic_code_names_neither_valence_nor_arousal():
    wrong = []
    for path in sorted((ROOT / "affect_jax").rglob("*.py")):
        name = path.relative_to(ROOT / "affect_jax").as_posix()
        if name.startswith(MAY_NAME):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search("valence|arousal", line, re.IGNORECASE):
                wrong.append(f"{name}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)
