"""launch/slurm/train.sbatch on a real Slurm, with a program that ends as a training does in place of Python."""

import pathlib
import time

from slurm_cluster import NODES, until

TEMPLATE = pathlib.Path(__file__).parents[2] / "launch" / "slurm" / "train.sbatch"
SAVES = 'trap "exit 75" TERM; touch "$STARTED"; sleep 300 & wait'
STARTS = 'touch "$STARTED"; exec sleep 300'  # as Python before it listens to signals
MACHINES = ("--nodes=1", "--gpus-per-node=1", "--ntasks-per-node=1", "--cpus-per-task=1", "--time=30")


def begin(slurm, folder, text, node):
    """Submits the template; returns the number of the job once its first life has begun. The second one ends well."""
    folder.mkdir()
    program, started = folder / "python", folder / "started"
    program.write_text(f'#!/bin/bash\n[ -z "$SLURM_RESTART_COUNT" ] || exit 0\n{text}\n')
    program.chmod(0o755)
    variables = f"--export=ALL,PYTHON={program},STARTED={started}"
    place = (f"--nodelist={node}", f"--output={folder / 'job.log'}")
    job = slurm.submit(*MACHINES, *place, variables, TEMPLATE, "--config=c")
    until(started.exists, 60, "the program to start")
    return job


def test_a_time_limit_an_early_signal_and_a_lost_node_requeue(slurm, tmp_path):
    limited = begin(slurm, tmp_path / "limited", SAVES, NODES[1])
    early = begin(slurm, tmp_path / "early", STARTS, NODES[1])
    lost = begin(slurm, tmp_path / "lost", SAVES, NODES[0])
    slurm.call("scontrol", "update", f"JobId={limited}", "TimeLimit=2")  # the signal comes two minutes before
    slurm.call("scancel", "--signal=TERM", str(early))
    slurm.call("scontrol", "update", f"NodeName={NODES[0]}", "State=DOWN", "Reason=test")
    slurm.call("scontrol", "update", f"NodeName={NODES[0]}", "State=RESUME")
    for job in (limited, early, lost):
        state = slurm.wait(job, "COMPLETED", "FAILED", "TIMEOUT", "NODE_FAIL")
        assert (state["JobState"], state["Restarts"]) == ("COMPLETED", "1")


def test_a_training_that_is_canceled_stays_so(slurm, tmp_path):
    job = begin(slurm, tmp_path / "canceled", SAVES, NODES[0])
    slurm.call("scancel", str(job))
    until(lambda: not slurm.call("squeue", "--noheader", f"--jobs={job}").split(), 60, "the job to leave the queue")
    time.sleep(2)
    state = slurm.job(job)
    assert (state["JobState"], state["Restarts"]) == ("CANCELLED", "0")
