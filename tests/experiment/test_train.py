"""Runs on a mesh out of the config: losses as on the default mesh, and refusals before anything is written."""

import json

import numpy as np
import pytest

from affect_jax.experiment import network, refuse, task
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.nn.execution import Execution
from affect_jax.nn.penalties import evenness
from configs import base


def losses(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [line["train/loss"] for line in lines if "train/loss" in line]


@pytest.mark.parametrize(
    "mesh, message",
    [
        ({"data": 3}, "mesh.data=3, mesh.fsdp=1, mesh.time=1 needs 3 devices, but there are 8"),
        (
            {"rules": ((".*", "smallest"),)},
            r"mesh: rules: '\.\*' has 'smallest'; choose 'largest', 'whole' or the number",
        ),
        (
            {"rules": (("head/.*", "whole"),)},
            r"no rule of mesh.rules matches parameter 'trunk/.*'; add one, or end with",
        ),
        ({"time": 2}, "mesh.time is 2, but the network 'emonet' with these options cannot be split along time, which"),
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
    message = "batch_size is 12, which 8 devices cannot share: choose a multiple of 8, or fewer devices"
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


def test_an_execution_that_gathers_batches_is_refused_on_several_devices(miniature, tmp_path):
    config = miniature(tmp_path)
    config.model.execution = "winograd"
    with pytest.raises(UsageError, match="is 'winograd', which would gather the whole batch on each of 8 devices: set"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def clips_over_time(miniature, folder, **time):
    """A config of a clip network whose clips are split over four devices."""
    config = miniature(folder)
    model = config.model.to_dict()
    config.model = base.model("clip", trunk=model["trunk"], head=model["head"], time=time)
    config.mesh.update(data=2, time=4)
    config.data.frames = 8
    return config


@pytest.mark.parametrize(
    "change, message",
    [
        ({"time": {"recurrent": "gru", "pool": 1}}, "network 'clip' with these options cannot be split along time"),
        ({"frames": 6}, "data.frames is 6, which the 4 devices of mesh.time cannot share: choose a multiple of 4, or"),
        ({"teacher": "elsewhere"}, "mesh.time is 4, and task.teacher is set, which was not tried together: set"),
        (
            {"train": {"micro_batches": 2}},
            "mesh.time is 4, and train.micro_batches is set, which was not tried together: set",
        ),
        (
            {"train": {"rematerialize": True}},
            "mesh.time is 4, and train.rematerialize is set, which was not tried together: set",
        ),
        (
            {"train": {"precision": "bfloat16"}},
            "mesh.time is 4, and train.precision is set, which was not tried together: set",
        ),
    ],
)
def test_clips_that_cannot_be_split_along_time_are_refused(miniature, tmp_path, change, message):
    config = clips_over_time(miniature, tmp_path, **change.get("time", {}))
    config.data.frames = change.get("frames", 8)
    config.task.teacher = change.get("teacher", "")
    config.train.update(change.get("train", {}))
    with pytest.raises(UsageError, match=message):
        refuse.check_mesh(Run(options.parse(config), tmp_path / "run"))
    accepted = Run(options.parse(clips_over_time(miniature, tmp_path)), tmp_path / "run")
    refuse.check_mesh(accepted)
    execution = network.choose_execution(accepted.network, accepted.options, accepted.placement, None, training=True)
    assert execution == Execution(split=(2, 4))


@pytest.mark.slow
def test_a_network_split_over_a_second_axis_trains_as_a_whole_one_and_is_evaluated(static_run, miniature, tmp_path):
    config = miniature(static_run.parent)
    config.mesh.update(data=2, fsdp=4)
    assert train(config, tmp_path / "run")
    np.testing.assert_allclose(losses(tmp_path / "run"), losses(static_run), rtol=1e-3)
    _, summary = evaluate_run(tmp_path / "run", "rendered", "", "validation", ())
    assert summary["conditions"]["checkpoint_step"] in (2, 4)
