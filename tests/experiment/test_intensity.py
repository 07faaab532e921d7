"""Intensity by the ordinary commands: a network that starts from one of valence and arousal; the config of I3D."""

import csv

import jax
import numpy as np
import pytest

from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.source import Concatenated
from affect_jax.experiment import task
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.network import make_network
from affect_jax.experiment.restore import restore_run
from affect_jax.experiment.train import train
from affect_jax.nn.network import names
from affect_jax.train.optimizer import schedule
from configs import base, intensity

# Two people who both smile.
FACES = {"kind": "clips", "subjects": 2, "per_subject": 1, "frames": 20, "fps": 6.0, "size_px": 40, "seed": 3}
SIZES = {
    "trunk": {"input_px": 32, "widths": (4, 4, 8), "depth": 1, "modules": 1},
    "head": {"blocks": 1, "rank": 2},
    "execution": "direct",
}


def miniature():
    config = intensity.get_config("clip")
    config.initialize.update(rule="scratch", workdir="")
    config.batch_size, config.frozen = 8, ""
    config.data.update(store="", hop=1)
    config.train.update(steps=2, log_every=1, evaluate_every=2)
    for part in (config.data.train.rendered, config.evaluations.validation):
        part.update(FACES)
    return config


def test_data_without_a_label_of_what_is_learned_are_refused():
    run = options.parse(miniature())
    message = "no training example has a label of intensity_happy, so nothing would be trained.*data.train: rendered"
    with pytest.raises(UsageError, match=message):
        task.fit_task(run, Concatenated([rendered(RenderedConfig(subjects=1, per_subject=2, size_px=32))]))
    assert task.fit_task(run, Concatenated([rendered(run.data.train["rendered"].options)])) == run.task


def test_the_config_of_the_paper_has_its_size_and_its_rates():
    run = options.parse(intensity.get_config("paper"))
    assert sum(leaf.size for leaf in jax.tree.leaves(make_network(run).abstract.trained)) == 12_291_259
    epoch = run.train.evaluate_every
    rates = schedule(run.optimizer, run.train.steps)
    found = [float(rates(int((number + 0.5) * epoch))) for number in range(30)]
    np.testing.assert_allclose(found, [1e-4 * 0.1 ** (number // 7) for number in range(30)], rtol=1e-5)


@pytest.mark.slow
def test_the_clip_network_starts_from_a_trained_one_and_draws_its_heads(tmp_path):
    first = miniature()
    first.model = base.model("clip", **SIZES)
    first.task = base.task("affect")
    first.train.best = "validation/ccc/mean"
    assert train(first, tmp_path / "clip")
    second = miniature()
    second.model = base.model("intensity_clip", emotions_rated=("happy",), **SIZES)
    second.initialize.update(rule="copy", workdir=str(tmp_path / "clip"))
    second.train.steps = 0
    assert train(second, tmp_path / "intensity")
    before, after = (jax.device_get(names(restore_run(tmp_path / name)[2])) for name in ("clip", "intensity"))
    shared = set(before) & set(after)
    assert set(after) - shared == {"logits/kernel", "logits/bias"}
    for name in shared:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)

    settings = [f"{name}={value}" for name, value in FACES.items()] + ['intensities=["happy"]']
    folder, summary = evaluate_run(tmp_path / "intensity", "rendered", "", "validation", settings)
    rows = list(csv.DictReader((folder / "predictions.csv").read_text().splitlines()))
    assert len(rows) == 40 and len({row["frame"] for row in rows}) == 20  # each frame of both people once
    distances = [abs(float(row["intensity_happy"]) - float(row["label_intensity_happy"])) for row in rows]
    np.testing.assert_allclose(summary["scores"]["mae/intensity_happy"], np.mean(distances), rtol=1e-4)
