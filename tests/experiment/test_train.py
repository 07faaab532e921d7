"""Runs on a mesh out of the config: losses as on the default mesh, and refusals before anything is written."""

import json

import numpy as np
import pytest

from affect_jax.experiment import task
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.train import train
from affect_jax.nn.penalties import evenness

RULES = (("head/hidden/kernel|.*/factors/(inputs|outputs)", (None, "model")), (".*", ()))


def losses(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [line["train/loss"] for line in lines if "train/loss" in line]


@pytest.mark.parametrize(
    "mesh, message",
    [
        ({"axes": (("data", 3),)}, r"mesh.axes .* needs 3 devices, but there are 8"),
        ({"rules": ((".*", ("modl",)),)}, r"mesh: rules: '\.\*' splits over the axis 'modl', which mesh.axes lacks"),
        ({"rules": (("head/.*", ()),)}, r"no sharding rule matches parameter 'trunk/.*'; add one to mesh.rules"),
    ],
)
def test_a_mesh_that_does_not_fit_is_refused_before_anything_is_written(miniature, tmp_path, mesh, message):
    config = miniature(tmp_path)
    config.mesh.update(mesh)
    with pytest.raises(UsageError, match=message):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_batch_that_does_not_divide_over_the_devices_is_refused_before_anything_is_written(miniature, tmp_path):
    config = miniature(tmp_path)
    config.batch_size = 12
    message = (
        "batch_size is 12, which cannot be divided evenly over 8 devices; choose a multiple of 8, or fewer devices"
    )
    with pytest.raises(UsageError, match=message):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_penalty_without_anything_to_press_is_refused_before_anything_is_written(miniature, tmp_path):
    config = miniature(tmp_path)
    config.optimizer.sparsity, config.frozen = 0.25, "head/blocks/.*"
    (penalty,) = task.penalties(options.parse(config))
    assert (penalty.name, penalty.weight, penalty.function) == ("loss/sparsity", 0.25, evenness)
    with pytest.raises(UsageError, match=r"optimizer.sparsity needs factorized convolutions of form cp .* none"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_network_split_over_a_second_axis_trains_as_a_whole_one_and_is_evaluated(static_run, miniature, tmp_path):
    config = miniature(static_run.parent)
    config.mesh.update(axes=(("data", 2), ("model", 4)), rules=RULES)
    assert train(config, tmp_path / "run")
    np.testing.assert_allclose(losses(tmp_path / "run"), losses(static_run), rtol=1e-3)
    _, summary = evaluate_run(tmp_path / "run", "rendered", "", "validation", ())
    assert summary["conditions"]["checkpoint_step"] in (2, 4)
