"""Times programs in turn in one process: on a shared machine, only such ratios are meaningful."""

import dataclasses
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from affect_jax.experiment.config.errors import UsageError

# By default glibc returns large arrays to the kernel at once; the page faults cost PyTorch more than half its speed.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "30000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_ARENA_MAX": "1",  # in an arena of its own, a thread remaps allocations above 64 MB each time
}


def same_allocator(module: str) -> None:
    """Restarts `python -m module` with allocator settings that are fair to all; call it before threads start."""
    if any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], {**os.environ, **ALLOCATOR})


def limit_cores(cores: int) -> None:
    """Limits this process to its first `cores` cores (0: all), and PyTorch to as many threads."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: cores or None])
    if has_torch():
        import torch

        torch.set_num_threads(len(os.sched_getaffinity(0)))


def has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def require_torch() -> None:
    if not has_torch():
        raise UsageError("PyTorch, the baseline, is not installed; bash launch/test.sh --torch installs it")


@dataclasses.dataclass(frozen=True)
class Times:
    """Seconds of every round; none is discarded."""

    wall: tuple[float, ...]
    processor: tuple[float, ...]  # CPU time of all threads; less affected by other load on the machine


def interleaved(programs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Runs the programs one after another in every round, each once to warm up and once timed.

    The warm-up matters because the threads of the previous program are still spinning when a program starts, while its
    own are asleep: on two cores, this cost a program of 20 ms a third of its speed.
    """
    wall = {name: [] for name in programs}
    processor = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            program()
            starts = time.perf_counter(), time.process_time()
            program()
            wall[name].append(time.perf_counter() - starts[0])
            processor[name].append(time.process_time() - starts[1])
    return {name: Times(tuple(wall[name]), tuple(processor[name])) for name in programs}


def lines(times: Mapping[str, Times], images: int, base: str, parity: Mapping[str, str]) -> list[list[str]]:
    """One row per program: images/s (median, range), speed relative to `base` by wall and CPU time, parity."""
    rows, first = [], times[base]
    for name, taken in times.items():
        rate = images / np.median(taken.wall)
        low, high = images / max(taken.wall), images / min(taken.wall)
        by_wall = np.median(first.wall) / np.median(taken.wall)
        by_processor = np.median(first.processor) / np.median(taken.processor)
        cells = [f"{rate:.2f} [{low:.2f}, {high:.2f}]", f"{by_wall:.2f}", f"{by_processor:.2f}"]
        rows.append([name, *cells, parity.get(name, "")])
    return rows


def milliseconds(times: Mapping[str, Times], base: str, parity: Mapping[str, str]) -> list[list[str]]:
    """One row per program: milliseconds (median, range), CPU milliseconds, speed relative to `base` by both, parity."""
    rows, first = [], times[base]
    for name, taken in times.items():
        wall, processor = (1e3 * np.array(seconds) for seconds in (taken.wall, taken.processor))
        by_wall = np.median(first.wall) / np.median(taken.wall)
        by_processor = np.median(first.processor) / np.median(taken.processor)
        cells = [f"{np.median(wall):.1f} [{wall.min():.1f}, {wall.max():.1f}]", f"{np.median(processor):.1f}"]
        cells += [f"{by_wall:.2f}", f"{by_processor:.2f}"]
        rows.append([name, *cells, parity.get(name, "")])
    return rows


def markdown(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table under a heading."""
    table = [header, ["---"] * len(header), *rows]
    return f"\n### {title}\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in table) + "\n"
