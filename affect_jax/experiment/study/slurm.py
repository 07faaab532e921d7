"""A sweep as an array of Slurm: the rendered script, its submission, and which of its tasks are still queued."""

import json
import pathlib
import shlex
import sys
from collections.abc import Sequence

from absl import logging

from affect_jax.experiment import sbatch
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study.child import Stop
from affect_jax.files.atomic import open_atomically
from affect_jax.files.json_files import read_object

SCRIPT, JOB = "slurm.sh", "slurm.json"
POLL_SECONDS = 5.0
SIGNAL_SECONDS = 120  # between the signal and the end of a time limit, for a step, an evaluation and a checkpoint
STEP = ("srun", "--kill-on-bad-exit=0")  # the scheduler signals steps, not the worker that starts them
LINE_ENDS = "\n\r\0"
# Our own lines, which --sbatch must not repeat.
OURS = ("array", "requeue", "no-requeue", "signal", "output", "open-mode", "wrap")
INSTEAD = "use --executor=local"  # where there is no Slurm


def render(workdir: pathlib.Path, tasks: int, at_once: int, options: Sequence[str], folder: pathlib.Path) -> str:
    """The batch script of an array with one task for each trial, at most `at_once` of which run.

    Args:
        workdir: the folder of the sweep.
        tasks: how many trials are left.
        at_once: how many of them may run at the same time.
        options: further options of sbatch, each as one word such as "--partition=gpu".
        folder: where relative paths of the config start.
    """
    check_options(options)
    if any(character in f"{workdir}{folder}" for character in LINE_ENDS):
        raise UsageError(f"{str(workdir)!r}: a path in a script of sbatch must not end its line")
    log = str(workdir).replace("%", "%%") + "/slurm-%A_%a.log"
    header = [
        f"--job-name={shlex.quote(f'sweep-{workdir.name}')}",
        f"--array=0-{tasks - 1}%{at_once}",
        "--requeue",
        "--open-mode=append",
        f"--signal=TERM@{SIGNAL_SECONDS}",
        f"--output={shlex.quote(log)}",
        *(shlex.quote(option) for option in options),
    ]
    worker = [sys.executable, "-m", "launch.sweep", f"--workdir={workdir}", "--executor=slurm", "--once"]
    lines = [
        "#!/bin/bash",
        *(f"#SBATCH {option}" for option in header),
        "# Each task takes up one trial of the sweep. Exit code 75: saved, and to be continued.",
        f"cd {shlex.quote(str(folder))} || exit 1",
        shlex.join(worker),
        "code=$?",
        'if [ "$code" -eq 75 ]; then scontrol requeue "$SLURM_JOB_ID"; fi',
        'exit "$code"',
    ]
    return "\n".join(lines) + "\n"


def check_options(options: Sequence[str]) -> None:
    """UsageError for an option of sbatch that is none, or that the script sets itself."""
    for option in options:
        if (name := sbatch.option_name(option)) in OURS:
            raise UsageError(f"--sbatch={option}: the sweep sets --{name} itself")


def submit(workdir: pathlib.Path, script: str) -> str:
    """Submits a script, unless the array of an earlier call is still queued; returns the number of the job."""
    record = workdir / JOB
    if record.is_file():
        job = str(read_object(record, "remove it, once no job of the sweep is queued")["job"])
        if waiting := queued(job):
            logging.info("job %s of this sweep is still queued (%s); waiting for it", job, _summary(waiting))
            return job
    with open_atomically(workdir / SCRIPT) as file:
        file.write(script)
    job = sbatch.submit(script, INSTEAD)
    with open_atomically(record) as file:
        file.write(json.dumps({"job": job}) + "\n")
    logging.info("submitted %s as job %s", workdir / SCRIPT, job)
    return job


def queued(job: str) -> dict[str, str]:
    """The states of the tasks of an array that have not ended, by their numbers as squeue writes them."""
    lines = sbatch.ask(["squeue", "--noheader", "--format=%F %K %T"], INSTEAD).splitlines()
    words = [line.split() for line in lines]
    return {each[1]: each[2] for each in words if len(each) == 3 and each[0] == job}


def wait(job: str, stop: Stop) -> bool:
    """Waits until no task of an array is queued; False if a signal ended the waiting, which the array outlives."""
    before = ""
    while waiting := queued(job):
        if _summary(waiting) != before:
            before = _summary(waiting)
            logging.info("job %s: %s", job, before)
        if stop.wait(POLL_SECONDS):
            return False
    return True


def _summary(waiting: dict[str, str]) -> str:
    states = list(waiting.values())
    return ", ".join(f"{states.count(state)} {state.lower()}" for state in dict.fromkeys(states))
