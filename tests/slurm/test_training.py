"""Trainings on a real Slurm that are stopped in every way it has, against the same training without a stop."""

import json
import pathlib
import random
import subprocess
import sys

import pytest
from slurm_cluster import NODES, until

from affect_jax.experiment.cluster.job import Job, train_arguments
from affect_jax.experiment.cluster.slurm import render

ROOT = pathlib.Path(__file__).parents[2]
CONFIG = str(ROOT / "tests" / "slurm" / "stoppable_run.py")
TEMPLATE = ROOT / "launch" / "slurm" / "train.sbatch"
# The template is for GPUs; what pretends to be some here has no memory, cores and time of its own.
HERE = ("--cpus-per-task=1", "--time=30")
ONE_PROCESS_OF_TWO_DEVICES = "--xla_force_host_platform_device_count=2"
SECONDS = 600  # for one life of a job; a thirtieth of it on a quiet machine
LAST_STOP = 20  # the latest of the random steps at which a training is stopped


def metrics(workdir):
    """The lines of metrics.jsonl without the time, which differs from run to run."""
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def reaches(workdir, step):
    """Whether a training has logged a step; it writes its lines one by one."""
    path = workdir / "metrics.jsonl"
    return path.exists() and path.read_text().count('"train/loss"') >= step


class Training:
    """A job of launch/slurm/train.sbatch."""

    def __init__(self, slurm, folder, nodes, *options, devices=""):
        self.slurm, self.workdir, self.output = slurm, folder / "run", folder / "job.log"
        job = Job(train_arguments(CONFIG, {}, self.workdir), self.workdir, nodes, devices=1)
        script = folder / "job.sbatch"
        script.write_text(render(job, TEMPLATE))
        words = [*HERE, f"--output={self.output}", f"--export=ALL,XLA_FLAGS={devices}", *options]
        self.job = slurm.submit(*words, script)

    def wait_until_random_step(self):
        self.step = random.randint(1, LAST_STOP)
        until(lambda: reaches(self.workdir, self.step), SECONDS, f"step {self.step}", self.describe)

    def end_soon(self):
        """Sets a time limit of whose last two minutes, in which the signal comes, some have begun."""
        hours, minutes, _ = map(int, self.slurm.job(self.job)["RunTime"].split(":"))
        limit = 60 * hours + minutes + 2
        self.slurm.call("scontrol", "update", f"JobId={self.job}", f"TimeLimit={limit}")

    def wait_for_end(self):
        """Waits until the job has left the queue for good."""
        state = self.slurm.wait(self.job, "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL", seconds=SECONDS)
        assert state["JobState"] == "COMPLETED", self.describe()
        return state

    def describe(self):
        return self.output.read_text(errors="replace") if self.output.exists() else "no output"

    def stops(self):
        """The steps at which the training was saved on a signal, as its processes say."""
        text = self.output.read_text(errors="replace")
        return [int(words.partition(";")[0]) for words in text.split("saved at step ")[1:]]


@pytest.fixture(scope="module")
def uninterrupted(slurm, tmp_path_factory):
    """The metrics of the training without a stop, in one process with two devices."""
    workdir = tmp_path_factory.mktemp("uninterrupted") / "run"
    environment = {**slurm.environment, "XLA_FLAGS": ONE_PROCESS_OF_TWO_DEVICES}
    command = [sys.executable, "-m", "launch.train", f"--config={CONFIG}", f"--workdir={workdir}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = metrics(workdir)
    assert len(lines) == 303
    return lines


@pytest.fixture(scope="module")
def preempted(slurm, uninterrupted, tmp_path_factory):
    """A training in one process and one in two, stopped together by a job that wants the whole cluster."""
    alone = Training(slurm, tmp_path_factory.mktemp("one"), 1, devices=ONE_PROCESS_OF_TWO_DEVICES)
    both = Training(slurm, tmp_path_factory.mktemp("two"), 2)
    for training in (alone, both):
        training.wait_until_random_step()
    words = ("--partition=high", "--nodes=2", "--exclusive", "--output=/dev/null")
    high = slurm.submit(*words, "--wrap=true")
    slurm.wait(high, "COMPLETED", seconds=SECONDS)
    return {1: alone, 2: both}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_preempted_training_saves_is_requeued_and_logs_what_one_without_a_stop_does(
    preempted, uninterrupted, processes
):
    training = preempted[processes]
    state = training.wait_for_end()
    assert state["Restarts"] == "1", training.describe()
    (stop,) = set(training.stops())  # one step, whichever of the processes say so
    assert training.step <= stop < 300
    assert metrics(training.workdir) == uninterrupted


def test_a_time_limit_and_a_lost_node_cost_no_step(slurm, uninterrupted, tmp_path):
    folders = [tmp_path / "limited", tmp_path / "lost"]
    for folder in folders:
        folder.mkdir()
    limited = Training(slurm, folders[0], 1, f"--nodelist={NODES[1]}", devices=ONE_PROCESS_OF_TWO_DEVICES)
    lost = Training(slurm, folders[1], 1, f"--nodelist={NODES[0]}", devices=ONE_PROCESS_OF_TWO_DEVICES)
    for training in (limited, lost):
        training.wait_until_random_step()
    slurm.call("scontrol", "update", f"NodeName={NODES[0]}", "State=DOWN", "Reason=test")
    slurm.call("scontrol", "update", f"NodeName={NODES[0]}", "State=RESUME")
    limited.end_soon()
    until(lambda: slurm.job(limited.job)["Restarts"] == "1", SECONDS, "the requeue", limited.describe)
    slurm.call("scontrol", "update", f"JobId={limited.job}", "TimeLimit=30")  # the limit outlives the requeue
    for training in (limited, lost):
        assert training.wait_for_end()["Restarts"] == "1", training.describe()
        assert metrics(training.workdir) == uninterrupted
    assert len(limited.stops()) == 1 and limited.step <= limited.stops()[0] < 300
