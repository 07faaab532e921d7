"""launch/slurm/train.sbatch on a real Slurm, with a program that ends as a training does in place of Python."""

import pathlib
import time

import pytest
from slurm_cluster import NODES, until

TEMPLATE = pathlib.Path(__file__).parents[2] / "launch" / "slurm" / "train.sbatch"
SAVES = 'trap "exit 75" TERM; touch "$STARTED"; sleep 300 & wait'
STARTS = 'touch "$STARTED"; exec sleep 300'  # as Python before it listens to signals


@pytest.fixture
def begin(slurm, tmp_path):
    """Submits the template; returns the number of the job once its first life has begun. The second one ends well."""

    def submit(text, *options):
        program, started = tmp_path / "python", tmp_path / "started"
        program.write_text(f'#!/bin/bash\n[ -z "$SLURM_RESTART_COUNT" ] || exit 0\n{text}\n')
        program.chmod(0o755)
        machines = ("--nodes=1", "--gpus-per-node=1", "--ntasks-per-node=1", "--cpus-per-task=1", "--time=30")
        variables = f"--export=ALL,PYTHON={program},STARTED={started}"
        job = slurm.submit(*machines, *options, variables, f"--output={tmp_path / 'job.log'}", TEMPLATE, "--config=c")
        until(started.exists, 60, "the program to start")
        return job

    return submit


@pytest.mark.parametrize("text", [SAVES, STARTS])
def test_a_signal_requeues(slurm, begin, text):
    job = begin(text)
    slurm.call("scancel", "--signal=TERM", str(job))
    assert slurm.wait(job, "COMPLETED", "FAILED")["Restarts"] == "1"
    assert slurm.job(job)["JobState"] == "COMPLETED"


def test_the_end_of_the_time_limit_requeues(slurm, begin):
    job = begin(SAVES)
    slurm.call("scontrol", "update", f"JobId={job}", "TimeLimit=2")
    assert slurm.wait(job, "COMPLETED", "FAILED", "TIMEOUT")["Restarts"] == "1"
    assert slurm.job(job)["JobState"] == "COMPLETED"


def test_a_node_that_is_lost_requeues(slurm, begin):
    job = begin(SAVES, f"--nodelist={NODES[0]}")
    slurm.call("scontrol", "update", f"NodeName={NODES[0]}", "State=DOWN", "Reason=test")
    slurm.call("scontrol", "update", f"NodeName={NODES[0]}", "State=RESUME")
    assert slurm.wait(job, "COMPLETED", "FAILED", "NODE_FAIL")["Restarts"] == "1"
    assert slurm.job(job)["JobState"] == "COMPLETED"


def test_a_training_that_is_canceled_stays_so(slurm, begin):
    job = begin(SAVES)
    slurm.call("scancel", str(job))
    until(lambda: not slurm.call("squeue", "--noheader", f"--jobs={job}").split(), 60, "the job to leave the queue")
    time.sleep(2)
    state = slurm.job(job)
    assert (state["JobState"], state["Restarts"]) == ("CANCELLED", "0")
