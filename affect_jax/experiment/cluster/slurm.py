"""Batch scripts for Slurm, filled in from a template and submitted."""

import os
import pathlib
import shlex
import sys
from collections.abc import Sequence

from affect_jax.experiment import sbatch
from affect_jax.experiment.cluster.job import Job

HEADER = "#SBATCH "


def render(job: Job, template: pathlib.Path, options: Sequence[str] = ()) -> str:
    """The batch script of a job: the template with its options, this Python and the arguments filled in.

    `options` are further ones of sbatch, each as one word such as "--partition=gpu"; UsageError if one is none.
    """
    machines = (f"--nodes={job.nodes}", f"--gpus-per-node={job.devices}", f"--ntasks-per-node={job.devices}")
    filled = {sbatch.option_name(option): option for option in (f"--job-name={job.name}", *machines, *options)}
    settings = [
        f"cd {shlex.quote(os.getcwd())} || exit 2",
        f"PYTHON={shlex.quote(sys.executable)}",
        f"set -- {shlex.join(job.arguments)}",
    ]
    lines = []
    for line in template.read_text(encoding="utf-8").splitlines():
        if line.startswith(HEADER):
            option = line.removeprefix(HEADER)
            lines.append(HEADER + shlex.quote(filled.pop(sbatch.option_name(option), option)))
        elif line.startswith("PYTHON="):  # the first line below the options
            lines += [HEADER + shlex.quote(option) for option in filled.values()]
            lines += settings
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def submit(script: str) -> str:
    """Submits a batch script; returns what is to be printed."""
    return f"Submitted batch job {sbatch.submit(script, 'print the script with --dry_run')}"
