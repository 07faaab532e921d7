"""The fastest of several ways to compute the same, by the clock of the running device, with a memory of files.

The choice decides the last bits of a result. It is kept in a file of the user's cache folder, and a run keeps its own
copy in its workdir, so that a run that goes on after an interruption goes on with the same bits.
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

FILE = "execution.json"
ROUNDS = 5
GAIN = 0.9  # another way is chosen where its time is below this share of the first one's: no flip-flop near 1
Clock = Callable[[], Mapping[str, float]]  # seconds of each way


class Choices:
    """Which way is the fastest: the first file that knows a question decides, all learn what is new."""

    def __init__(self, files: Sequence[pathlib.Path]):
        self._files, self._machine = files, machine()

    def fastest(self, question: str, ways: Sequence[str], clock: Clock) -> str:
        """The first of `ways`, unless the fastest takes less than GAIN of its time."""
        known = [_read(file).get(self._machine, {}).get(question, {}) for file in self._files]
        wanted = {f"{way}_ms" for way in ways}
        times = next((found for found in known if wanted <= set(found)), None)
        if times is None:
            times = {f"{way}_ms": round(1e3 * seconds, 3) for way, seconds in clock().items()}
            logging.info("%s: %s", question, ", ".join(f"{way} {taken:.2f}" for way, taken in times.items()))
        for file, found in zip(self._files, known, strict=True):
            if not wanted <= set(found):
                _add(file, self._machine, question, times)
        best = min(ways, key=lambda way: times[f"{way}_ms"])
        return best if times[f"{best}_ms"] < GAIN * times[f"{ways[0]}_ms"] else ways[0]


def in_turn(programs: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each program; they take turns, and a first round, which compiles, does not count."""
    times = {name: [] for name in programs}
    for _ in range(ROUNDS + 1):
        for name, program in programs.items():
            start = time.perf_counter()
            jax.block_until_ready(program())
            times[name].append(time.perf_counter() - start)
    return {name: float(np.median(taken[1:])) for name, taken in times.items()}


def machine() -> str:
    """What a measurement holds for: accelerator, or processor and cores, and the compiler's version."""
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
    """Where choices are kept: with the run, if it is one, and in the user's cache folder."""
    return [*([workdir / FILE] if workdir else []), cache_folder() / FILE]


def _read(file: pathlib.Path) -> dict:
    try:
        return json.loads(file.read_text()) if file.exists() else {}
    except json.JSONDecodeError:
        logging.warning("%s is not valid JSON; it is written anew", file)
        return {}


def _add(file: pathlib.Path, machine_name: str, question: str, times: dict[str, float]) -> None:
    content = _read(file)
    content.setdefault(machine_name, {})[question] = times
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open_atomically(file) as out:
            out.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        logging.warning("what was measured is not kept, and will be measured again: %s", error)
