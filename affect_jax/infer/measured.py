"""Chooses the fastest of several equivalent executions by timing them on this device, and caches the timings in files.

The choice affects the last bits of a result. Timings are stored in the user's cache folder, and every run has a copy in
its workdir, so that a resumed run makes the same choices and stays bit-for-bit reproducible.
"""

import json
import os
import pathlib
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

import jax
import numpy as np
from absl import logging

from affect_jax.files.atomic import open_atomically
from affect_jax.files.cache import cache_folder
from affect_jax.files.json_files import read_object

FILE = "execution.json"
ROUNDS = 5
LONGEST_MS = 1e9  # of a stored timing
SWITCH_RATIO = 0.9  # the default is replaced only by an execution below this fraction of its time: stable under noise
Clock = Callable[[], Mapping[str, float]]  # measures the seconds of each execution


class Choices:
    """Timings from several files: the first file that has a timing decides, and all others receive a copy."""

    def __init__(self, files: Sequence[pathlib.Path]):
        self._files, self._machine = files, machine()

    def fastest(self, key: str, executions: Sequence[str], clock: Clock) -> str:
        """Returns the first execution, unless the fastest takes less than SWITCH_RATIO of its time."""
        stored = [_timings(file, self._machine, key) for file in self._files]
        columns = {f"{name}_ms" for name in executions}
        times = next((entry for entry in stored if columns <= set(entry)), None)
        if times is None:
            times = {f"{name}_ms": round(1e3 * seconds, 3) for name, seconds in clock().items()}
            logging.info("%s: %s", key, ", ".join(f"{name} {taken:.2f}" for name, taken in times.items()))
        for file, entry in zip(self._files, stored, strict=True):
            if not columns <= set(entry):
                _add(file, self._machine, key, times)
        default = executions[0]
        best = min(executions, key=lambda name: times[f"{name}_ms"])
        return best if times[f"{best}_ms"] < SWITCH_RATIO * times[f"{default}_ms"] else default


def time_interleaved(programs: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Measures the median seconds of each program over interleaved rounds, after one round that compiles."""
    times = {name: [] for name in programs}
    for _ in range(ROUNDS + 1):
        for name, program in programs.items():
            start = time.perf_counter()
            jax.block_until_ready(program())
            times[name].append(time.perf_counter() - start)
    return {name: float(np.median(taken[1:])) for name, taken in times.items()}


def machine() -> str:
    """Identifies what a timing is valid for: the accelerator, or processor and cores, and the compiler version."""
    compiler = f"jaxlib {version('jaxlib')}"
    if jax.default_backend() != "cpu":
        return f"{jax.devices()[0].device_kind}, {compiler}"
    name = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = lines[0] if lines else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores, {compiler}"


def files(workdir: pathlib.Path | None) -> list[pathlib.Path]:
    """The files that store timings: in the workdir, if there is one, and in the user's cache folder."""
    return [*([workdir / FILE] if workdir else []), cache_folder() / FILE]


def _read(file: pathlib.Path) -> dict:
    try:
        return read_object(file, "it will be overwritten") if file.exists() else {}
    except ValueError as error:
        logging.warning("%s", error)
        return {}


def _timings(file: pathlib.Path, machine_name: str, key: str) -> dict[str, float]:
    """The stored timings of an entry; {} without one."""
    entries = _read(file).get(machine_name)
    entry = entries.get(key) if isinstance(entries, dict) else None
    if not isinstance(entry, dict):
        return {}
    is_time = lambda value: type(value) in (int, float) and 0 <= value < LONGEST_MS
    return {name: float(taken) for name, taken in entry.items() if is_time(taken)}


def _add(file: pathlib.Path, machine_name: str, key: str, times: dict[str, float]) -> None:
    content = _read(file)
    if not isinstance(content.get(machine_name), dict):
        content[machine_name] = {}
    content[machine_name][key] = times
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open_atomically(file) as out:
            out.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        logging.warning("the timings could not be stored and will be measured again: %s", error)
