"""Batch scripts: what the shell makes of them, and what sbatch is handed."""

import os
import pathlib
import subprocess
import sys

import pytest

from affect_jax.experiment.cluster import slurm
from affect_jax.experiment.cluster.job import Job
from affect_jax.experiment.config.errors import UsageError

TEMPLATE = pathlib.Path(__file__).parents[3] / "launch" / "slurm" / "train.sbatch"
ARGUMENTS = ("--config=configs/clips.py", "--config.frozen=$(touch made) 'a' \"b\"; `touch made`", "--workdir=runs/a b")


def imitate(folder, name, text):
    """Puts a program that does what `text` says in place of one of Slurm's."""
    path = folder / name
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def carry_out(script, folder, srun):
    """Runs a batch script as Slurm would, with an imitated srun; returns the process."""
    imitate(folder, "srun", srun)
    imitate(folder, "scontrol", 'echo "$@" > requeued')
    path = f"{folder}:{os.environ['PATH']}"
    environment = {"PATH": path, "SLURM_JOB_ID": "12", "SLURM_CPUS_PER_TASK": "3"}
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return slurm.render(Job(ARGUMENTS, pathlib.Path("runs/a b"), 4, 2), TEMPLATE)


def test_the_options_are_those_of_the_machines_and_of_a_training_that_can_be_stopped(script):
    options = [line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH ")]
    assert {"--nodes=4", "--gpus-per-node=2", "--ntasks-per-node=2", "--job-name=a-b"} <= set(options)
    assert {"--requeue", "--open-mode=append", "--signal=TERM@120"} <= set(options)
    names = [option.partition("=")[0] for option in options]
    assert len(names) == len(set(names))


def test_options_of_sbatch_replace_those_of_the_template_or_come_after_them(script, tmp_path):
    job = Job(ARGUMENTS, pathlib.Path("runs/a b"), 4, 2)
    changed = slurm.render(job, TEMPLATE, ("--time=5", "--exclusive", "--comment=a b"))
    lines = [line for line in changed.splitlines() if line.startswith("#SBATCH")]
    before = [line for line in script.splitlines() if line.startswith("#SBATCH")]
    time = before.index("#SBATCH --time=24:00:00")
    assert lines[time] == "#SBATCH --time=5"
    assert lines[len(before) :] == ["#SBATCH --exclusive", "#SBATCH '--comment=a b'"]
    with pytest.raises(UsageError, match="expected one option of sbatch, such as --sbatch=--partition=gpu"):
        slurm.render(job, TEMPLATE, ("--a=b\n#SBATCH --c=d",))


def test_the_step_gets_every_argument_as_it_was_given(script, tmp_path):
    done = carry_out(script, tmp_path, 'printf "%s\\n" "$@" "$JAX_PLATFORMS" "$SRUN_CPUS_PER_TASK"')
    words = ["--kill-on-bad-exit=0", sys.executable, "-m", "launch.train", *ARGUMENTS, "cuda,cpu", "3"]
    assert done.stdout.splitlines() == words and done.returncode == 0
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("code, requeued", [(75, True), (143, True), (0, False), (1, False), (2, False), (137, False)])
def test_only_a_training_that_was_stopped_is_requeued(script, tmp_path, code, requeued):
    assert carry_out(script, tmp_path, f"exit {code}").returncode == code
    assert (tmp_path / "requeued").exists() == requeued
    if requeued:
        assert (tmp_path / "requeued").read_text() == "requeue 12\n"


def test_a_script_is_handed_to_sbatch_as_it_is(script, tmp_path, monkeypatch):
    imitate(tmp_path, "sbatch", "cat > given; echo 7")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert slurm.submit(script) == "Submitted batch job 7"
    assert (tmp_path / "given").read_text() == script


def test_without_sbatch_nothing_is_submitted(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="there is no sbatch on this machine: .* or print the script with --dry_run"):
        slurm.submit("#!/bin/bash")
