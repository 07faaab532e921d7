"""Batch scripts for Slurm, filled in from a template and submitted."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence

from affect_jax.experiment.cluster.job import Job
from affect_jax.experiment.config.errors import UsageError

OPTION = re.compile(r"--([a-z][a-z-]*)(?:=[^\n\r\0]*)?")
HEADER = "#SBATCH "


def render(job: Job, template: pathlib.Path, options: Sequence[str] = ()) -> str:
    """The batch script of a job: the template with its options, this Python and the arguments filled in.

    `options` are further ones of sbatch, each as one word such as "--partition=gpu"; UsageError if one is none.
    """
    machines = (f"--nodes={job.nodes}", f"--gpus-per-node={job.devices}", f"--ntasks-per-node={job.devices}")
    filled = {option_name(option): option for option in (f"--job-name={job.name}", *machines, *options)}
    settings = [
        f"cd {shlex.quote(os.getcwd())} || exit 2",
        f"PYTHON={shlex.quote(sys.executable)}",
        f"set -- {shlex.join(job.arguments)}",
    ]
    lines = []
    for line in template.read_text(encoding="utf-8").splitlines():
        if line.startswith(HEADER):
            option = line.removeprefix(HEADER)
            lines.append(HEADER + shlex.quote(filled.pop(option_name(option), option)))
        elif line.startswith("PYTHON="):  # the first line below the options
            lines += [HEADER + shlex.quote(option) for option in filled.values()]
            lines += settings
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def option_name(option: str) -> str:
    """The name of an option of sbatch."""
    found = OPTION.fullmatch(option)
    if found is None:
        raise UsageError(f"--sbatch={option!r}: expected one option of sbatch, such as --sbatch=--partition=gpu")
    return found[1]


def submit(script: str) -> str:
    """Submits a batch script; returns what sbatch says, and raises UsageError if it is missing or refuses."""
    if shutil.which("sbatch") is None:
        raise UsageError("sbatch is not found, so nothing can be submitted here; --dry_run prints the script")
    done = subprocess.run(["sbatch"], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"sbatch refused the script: {done.stderr.strip()}; --dry_run prints it")
    return done.stdout.strip()
