"""Batch scripts for Slurm, filled in from a template and submitted."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from affect_jax.experiment.cluster.job import Job
from affect_jax.experiment.config.errors import UsageError

OPTION = re.compile(r"#SBATCH --([a-z-]+)=")


def render(job: Job, template: pathlib.Path) -> str:
    """The batch script of a job: the template with its options, this Python and the arguments filled in."""
    filled = {
        "job-name": job.name,
        "nodes": job.nodes,
        "gpus-per-node": job.devices,
        "ntasks-per-node": job.devices,
    }
    settings = [
        f"cd {shlex.quote(os.getcwd())} || exit 2",
        f"PYTHON={shlex.quote(sys.executable)}",
        f"set -- {shlex.join(job.arguments)}",
    ]
    lines = []
    for line in template.read_text(encoding="utf-8").splitlines():
        option = OPTION.match(line)
        if option and option[1] in filled:
            lines.append(f"#SBATCH --{option[1]}={filled[option[1]]}")
        elif line.startswith("PYTHON="):
            lines += settings
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def submit(script: str) -> str:
    """Submits a batch script; returns what sbatch says, and raises UsageError if it is missing or refuses."""
    if shutil.which("sbatch") is None:
        raise UsageError("sbatch is not found, so nothing can be submitted here; --dry_run prints the script")
    done = subprocess.run(["sbatch"], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"sbatch refused the script: {done.stderr.strip()}; --dry_run prints it")
    return done.stdout.strip()
