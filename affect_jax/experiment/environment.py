"""What a run was computed with: code, packages, Python, machine and devices."""

import os
import pathlib
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from typing import Any

import jax

import affect_jax
from affect_jax.infer import measured

ROOT = pathlib.Path(affect_jax.__file__).parents[1]
COMPILERS = ("jax", "nvidia-", "libtpu")  # beginnings of the names of packages that contain compilers and drivers
GIT_SECONDS = 10.0  # a slow file system must not delay a run for long


def environment() -> dict[str, Any]:
    """Everything that may change the bits of a result besides config and data, as values for JSON."""
    devices = jax.devices()
    return {
        "affect_jax": affect_jax.__version__,
        "git": git_state(ROOT),
        "python": platform.python_version(),
        "packages": _packages(),
        "system": platform.platform(),
        "machine": measured.machine(),
        "devices": {"kind": devices[0].device_kind, "count": len(devices)},
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
    }


def git_state(folder: pathlib.Path) -> dict[str, str | bool] | None:
    """The commit of a checkout, and whether tracked files differ from it; None if `folder` is not its root.

    An installed package may be inside the repository of somebody else, whose commit says nothing about it.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if top is None or commit is None or changes is None or not os.path.samefile(top, folder):
        return None
    return {"commit": commit, "modified": bool(changes)}


def _git(folder: pathlib.Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.SubprocessError):  # no git, or not a checkout
        return None
    return done.stdout.strip()


def _packages() -> dict[str, str]:
    """The versions of the dependencies that are installed, and of compilers and drivers."""
    try:
        lines = [line for line in requires("affect_jax") or () if "extra ==" not in line]
    except PackageNotFoundError:  # run from a folder without installation
        lines = ["flax", "jax", "numpy", "optax"]
    names = {re.match(r"[\w.-]+", line)[0] for line in lines}
    installed = {each.metadata["Name"] for each in distributions()}
    names |= {name for name in installed if name and name.startswith(COMPILERS)}
    return {name: _version(name) for name in sorted(names)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
