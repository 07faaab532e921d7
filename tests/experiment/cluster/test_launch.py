"""What launch.cluster asks for by kind, prints and submits."""

import pathlib

import pytest
import yaml

from affect_jax.experiment.cluster import slurm
from affect_jax.experiment.cluster.job import Job
from affect_jax.experiment.cluster.launch import Extras, launch
from affect_jax.experiment.config.config_file import load_config
from affect_jax.experiment.config.errors import UsageError

FOLDER = pathlib.Path(__file__).parents[3] / "launch"
JOB = Job(("--config=c", "--workdir=/shared/run"), pathlib.Path("/shared/run"), nodes=2, devices=4)
POD = Extras(image="image", claim="claim")
SLICE = Extras(None, "image", "claim", "tpu-v5-lite-extraslice", "4x4")


@pytest.fixture(scope="module")
def config():
    return load_config("configs/quickstart.py:static")


@pytest.mark.parametrize(
    "kind, extras, message",
    [
        ("gpu", Extras(), "--kind=gpu needs --image, --claim"),
        ("tpu", POD, "--kind=tpu needs --accelerator, --topology"),
        ("slurm", POD, "--image has no effect with --kind=slurm"),
        ("gpu", Extras(("--time=5",), "image", "claim"), "--sbatch has no effect with --kind=gpu"),
        ("gpu", SLICE, "--accelerator has no effect with --kind=gpu"),
    ],
)
def test_each_kind_has_its_flags(config, kind, extras, message):
    with pytest.raises(UsageError, match=message):
        launch(kind, config, JOB, extras, FOLDER, dry_run=True)


def test_a_slice_of_sixteen_chips_has_four_machines_of_four(config):
    manifest = yaml.safe_load(launch("tpu", config, JOB, SLICE, FOLDER, dry_run=True))
    work = manifest["spec"]["replicatedJobs"][0]["template"]["spec"]
    assert work["parallelism"] == 4
    assert work["template"]["spec"]["nodeSelector"]["cloud.google.com/gke-tpu-topology"] == "4x4"


def test_processes_are_machines_of_a_jobset_and_devices_of_slurm(config):
    config = config.copy_and_resolve_references()
    config.batch_size = 4  # divides by two machines, and not by eight GPUs
    assert "--processes=2" in launch("gpu", config, JOB, POD, FOLDER, dry_run=True)
    with pytest.raises(UsageError, match="batch_size is 4; expected a multiple of 8"):
        launch("slurm", config, JOB, Extras(), FOLDER, dry_run=True)


def test_only_a_batch_script_is_submitted(config, monkeypatch):
    submitted = []
    monkeypatch.setattr(slurm, "submit", lambda script: submitted.append(script) or "job 3")
    printed = launch("slurm", config, JOB, Extras(), FOLDER, dry_run=True)
    assert printed.startswith("#!/bin/bash\n") and not submitted
    assert launch("slurm", config, JOB, Extras(), FOLDER, dry_run=False) == "job 3" and submitted == [printed]
    with pytest.raises(UsageError, match=r"only --kind=slurm is submitted; .* --dry_run, .* kubectl apply -f -"):
        launch("gpu", config, JOB, POD, FOLDER, dry_run=False)
