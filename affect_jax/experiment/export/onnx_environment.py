"""The environment of its own in which jax2onnx runs: it needs an older Orbax than this package."""

import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys

from absl import logging

from affect_jax.files.cache import cache_folder
from affect_jax.files.checksum import sha256
from affect_jax.files.locks import locked_after_waiting

REQUIREMENTS = pathlib.Path(__file__).with_name("onnx_requirements.txt")
SIZE = "1.2 GB, about a minute"
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-deps", "-r")
INSTALL_SECONDS = 1800


def python() -> pathlib.Path:
    """The interpreter of the environment, which is made if it is missing or incomplete; needs a network then.

    FileNotFoundError with the lines that make it by hand if the packages cannot be had.
    """
    folder = place()
    interpreter = folder / "bin" / "python"
    if not missing(folder):
        return interpreter
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked_after_waiting(folder.with_name(f"{folder.name}.lock")):
        if missing(folder):
            _make(folder)
    return interpreter


def place() -> pathlib.Path:
    """The folder of the environment in the cache; another one for other packages or another Python."""
    tag = f"{sys.version_info.major}{sys.version_info.minor}-{sha256(REQUIREMENTS)[:8]}"
    return cache_folder() / f"jax2onnx-{tag}"


def missing(folder: pathlib.Path) -> list[str]:
    """The required packages that an environment lacks, or has in another version."""
    wanted = {_name(line) for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if "==" in line}
    found = set()
    for site in folder.glob("lib/python*/site-packages"):
        for each in importlib.metadata.distributions(path=[str(site)]):
            found.add(_name(f"{each.name}=={each.version}"))
    return sorted(wanted - found)


def _name(requirement: str) -> str:
    """A requirement in one spelling, as pip compares names."""
    name, _, version = requirement.strip().partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def _make(folder: pathlib.Path) -> None:
    logging.info("making an environment for jax2onnx in %s (once; %s), which needs a network", folder, SIZE)
    shutil.rmtree(folder, ignore_errors=True)
    interpreter = folder / "bin" / "python"
    _run([sys.executable, "-m", "venv", str(folder)], folder)
    _run([str(interpreter), *PIP, str(REQUIREMENTS)], folder)


def _run(command: list[str], folder: pathlib.Path) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        lines = (done.stderr or done.stdout).strip().splitlines() if done.returncode else []
        reason = next((line for line in reversed(lines) if "ERROR" in line), lines[-1] if lines else "")
        failed = done.returncode != 0
    except subprocess.TimeoutExpired:
        failed, reason = True, f"no answer within {INSTALL_SECONDS} s"
    if failed:
        raise FileNotFoundError(
            f"ONNX needs an environment of its own, which could not be made ({reason or 'no reason given'}). With "
            f"network access, run the command again, or make it by hand: {sys.executable} -m venv {folder} && "
            f"{folder}/bin/python -m pip install --no-deps -r {REQUIREMENTS}"
        )
