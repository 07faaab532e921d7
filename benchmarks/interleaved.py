"""Programs timed in turn in one process: on a machine shared with others only such ratios count."""

import dataclasses
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from affect_jax.experiment.config.errors import UsageError

# glibc gives large arrays back to the kernel at once, and page faults then cost PyTorch more than half its speed.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "30000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_ARENA_MAX": "1",  # a thread that has an arena of its own maps what is above 64 MB anew each time
}


def same_allocator(module: str) -> None:
    """Starts `python -m module` again with settings of the allocator that are fair to all; before threads start."""
    if any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], {**os.environ, **ALLOCATOR})


def limit_cores(cores: int) -> None:
    """Only the first `cores` cores of this process, for all programs; 0: every one. PyTorch gets as many threads."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: cores or None])
    if has_torch():
        import torch

        torch.set_num_threads(len(os.sched_getaffinity(0)))


def has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def require_torch() -> None:
    if not has_torch():
        raise UsageError("PyTorch, which ours is compared with, is not installed; bash launch/test.sh --torch does it")


@dataclasses.dataclass(frozen=True)
class Times:
    """Seconds of every round, none left out."""

    wall: tuple[float, ...]
    processor: tuple[float, ...]  # of all threads; less disturbed by other work on the machine


def interleaved(programs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """One program after the other in every round, each once untimed and once timed.

    Untimed, because the threads of the program before it still wait actively for work when it starts, and its own
    sleep: on two cores that cost a program of 20 ms a third of its speed.
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
    """A row a program: images a second (median, range), ratios to `base` by wall and by processor time, parity."""
    found, first = [], times[base]
    for name, taken in times.items():
        rate = images / np.median(taken.wall)
        low, high = images / max(taken.wall), images / min(taken.wall)
        by_wall = np.median(first.wall) / np.median(taken.wall)
        by_processor = np.median(first.processor) / np.median(taken.processor)
        cells = [f"{rate:.2f} [{low:.2f}, {high:.2f}]", f"{by_wall:.2f}", f"{by_processor:.2f}"]
        found.append([name, *cells, parity.get(name, "")])
    return found


def milliseconds(times: Mapping[str, Times], base: str, parity: Mapping[str, str]) -> list[list[str]]:
    """A row a program: milliseconds (median, range), of the processor too, ratios of `base` to both, parity."""
    found, first = [], times[base]
    for name, taken in times.items():
        wall, processor = (1e3 * np.array(seconds) for seconds in (taken.wall, taken.processor))
        ratios = [
            np.median(one) / np.median(other) for one, other in zip(_seconds(first), _seconds(taken), strict=True)
        ]
        cells = [f"{np.median(wall):.1f} [{wall.min():.1f}, {wall.max():.1f}]", f"{np.median(processor):.1f}"]
        found.append([name, *cells, *(f"{ratio:.2f}" for ratio in ratios), parity.get(name, "")])
    return found


def _seconds(times: Times) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return times.wall, times.processor


def markdown(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table under a heading."""
    table = [header, ["---"] * len(header), *rows]
    return f"\n### {title}\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in table) + "\n"
