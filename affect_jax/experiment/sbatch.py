"""Slurm's commands: the options of sbatch that users give, and what the commands answer."""

import re
import subprocess
from collections.abc import Sequence

from affect_jax.experiment.config.errors import UsageError

OPTION = re.compile(r"--([a-z][a-z-]*)(?:=[^\n\r\0]*)?")


def option_name(option: str) -> str:
    """The name of an option of sbatch, such as "partition" of "--partition=gpu"; UsageError if it is none."""
    found = OPTION.fullmatch(option)
    if found is None:
        raise UsageError(f"--sbatch={option!r}: expected one option of sbatch, such as --sbatch=--partition=gpu")
    return found[1]


def submit(script: str, instead: str) -> str:
    """Submits a batch script and returns the number of the job; see `ask` for errors."""
    return ask(["sbatch", "--parsable"], instead, script).strip().partition(";")[0]


def ask(words: Sequence[str], instead: str, text: str = "") -> str:
    """What a command of Slurm writes when it is given `text`.

    UsageError if there is no such command, with what to do `instead`; OSError if it fails.
    """
    try:
        done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no {words[0]} on this machine: submit from a login node of a Slurm cluster, or {instead}"
        ) from error
    if done.returncode:
        raise OSError(f"{words[0]} failed: {' '.join(done.stderr.split())}")
    return done.stdout
