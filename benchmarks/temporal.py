"""Factorized temporal convolutions and the clip network against dense ones and PyTorch; streams against windows.

  python -m benchmarks.temporal
  python -m benchmarks.temporal --sections=layer,memory --ranks=128 --rounds=15 --cores=1

The layer is that of the first stage of a ResNet-18: 64 to 64 channels, 3x3x3, 16 frames of 56x56. All programs use the
same weights, threads and allocator (the settings are printed). They take turns, no round is discarded, and the tables
report medians with ranges and the speed relative to PyTorch's dense convolution, by wall time and by CPU time. On a
machine under other load use --cores=1 and CPU time. Each row reports parity: the largest difference from the result
(and signal gradient) of the first program, relative to the largest value. tltorch is included if installed (pip install
tensorly-torch, in a separate environment). Memory is measured for the other selected sections, or for all of them.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import sys

from absl import flags

from affect_jax.experiment import cli
from affect_jax.experiment.config.errors import UsageError
from benchmarks.interleaved import (
    ALLOCATOR,
    interleaved,
    limit_cores,
    markdown,
    milliseconds,
    require_torch,
    same_allocator,
)

SECTIONS = ("layer", "clip", "streaming", "memory")
DIRECTIONS = {"forward": False, "both": True}
CHOSEN = flags.DEFINE_list("sections", list(SECTIONS), f"What to measure: {', '.join(SECTIONS)}.")
RANKS = flags.DEFINE_list("ranks", ["128", "256"], "Ranks of the layer.")
DIRECTION = flags.DEFINE_list("directions", list(DIRECTIONS), "forward, or both: forward and backward.")
NETWORKS = flags.DEFINE_list("networks", ["quickstart", "larger"], "Sizes of the clip network: quickstart, larger.")
ONLY = flags.DEFINE_list("only", [], "Run only programs whose names contain one of these strings; empty: all.")
ROUNDS = flags.DEFINE_integer("rounds", 9, "Rounds; each program is timed once per round, and no round is discarded.")
CORES = flags.DEFINE_integer("cores", 0, "Number of cores, and of threads of each program; 0: all cores.")
MINIATURE = flags.DEFINE_bool("miniature", False, "Use tiny sizes: a smoke test, not a measurement.")
CHILD = flags.DEFINE_string("child", "", "For internal use: the one program whose memory to measure.")

SPEED = ["program", "ms, median [range]", "CPU ms", "ratio", "ratio (CPU time)", "difference"]


def main() -> None:
    from affect_jax.infer.tuning import machine

    for name, given, known in (("sections", CHOSEN, SECTIONS), ("directions", DIRECTION, DIRECTIONS)):
        for word in given.value:
            if word not in known:
                raise UsageError(f"--{name}={word}: choose one of {', '.join(known)}")
    if set(CHOSEN.value) != {"streaming"}:
        require_torch()
    limit_cores(CORES.value)
    if CHILD.value:
        return _child(*CHILD.value.split(":"))
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}; {ROUNDS.value} rounds")
    print(" ".join(f"{name}={os.environ.get(name)}" for name in ALLOCATOR))
    for section in CHOSEN.value:
        if section == "memory":
            _memory()
        else:
            for job in _jobs(section):
                _speed(job)


def _jobs(section: str) -> list[str]:
    """The jobs of a section, such as "layer 128 both"."""
    sizes = RANKS.value if section == "layer" else NETWORKS.value
    if section == "streaming":
        return [f"{section} {size} forward" for size in sizes]
    return [f"{section} {size} {direction}" for size in sizes for direction in DIRECTION.value]


def _makers(job: str) -> dict:
    """Builders of the programs of a job by name; the first is the baseline."""
    section, size, direction = job.split()
    if section == "layer":
        from benchmarks import layers

        small = {"frames": 4, "map_px": 6, "channels": 8} if MINIATURE.value else {}
        return layers.makers(layers.Layer(int(size), **small), DIRECTIONS[direction])
    from benchmarks import clips

    known = {"quickstart": clips.Clips(clips.QUICKSTART, 8, 16), "larger": clips.Clips(clips.LARGER, 1, 16)}
    if size not in known:
        raise UsageError(f"--networks={size}: choose one of {', '.join(known)}")
    sizes = clips.Clips(clips.MINIATURE, 2, 3) if MINIATURE.value else known[size]
    if section == "streaming":
        from benchmarks import streams

        return streams.makers(dataclasses.replace(sizes, batch=1))
    return clips.makers(sizes, DIRECTIONS[direction])


def _speed(job: str) -> None:
    makers = _makers(job)
    base = next(iter(makers))
    programs = {name: make() for name, make in makers.items() if name == base or _selected(name)}
    expected = programs[base]()
    parity = {name: f"{_difference(program(), expected):.1e}" for name, program in programs.items()}
    print(markdown(job, SPEED, milliseconds(interleaved(programs, ROUNDS.value), base, parity)), flush=True)


def _selected(name: str) -> bool:
    return not ONLY.value or any(word in name for word in ONLY.value)


def _memory() -> None:
    speeds = SECTIONS[:-1] if CHOSEN.value == ["memory"] else [name for name in CHOSEN.value if name != "memory"]
    jobs = [job for section in speeds for job in _jobs(section)]
    for job in jobs:
        rows = [[name, f"{float(_run(f'{job}:{name}')):.0f}"] for name in _makers(job) if _selected(name)]
        title = f"Peak memory of a call beyond that of the process before it (MB): {job}"
        print(markdown(title, ["program", "MB"], rows), flush=True)


def _child(job: str, name: str) -> None:
    """Measures the peak memory of one call beyond that of the process before it."""
    program = _makers(job)[name]()  # compiled; measures the first call, since XLA keeps its memory for later ones
    before = _memory_mb("VmRSS")
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    program()
    sys.stdout.write(f"result {_memory_mb('VmHWM') - before}")


def _memory_mb(field: str) -> float:
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def _run(child: str) -> str:
    """The result of a separate process, in which arrays of more than 1 MB are returned to the system when freed."""
    words = [word for word in sys.argv[1:] if not word.startswith("--child")]
    command = [sys.executable, "-m", "benchmarks.temporal", *words, f"--child={child}"]
    environment = {name: value for name, value in os.environ.items() if name not in ALLOCATOR}
    environment["MALLOC_MMAP_THRESHOLD_"] = "1000000"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"--child={child} failed:\n{done.stderr[-2000:]}")
    return done.stdout.split("result ")[-1]


def _difference(actual: tuple, expected: tuple) -> float:
    return max(float(abs(one - other).max() / abs(other).max()) for one, other in zip(actual, expected, strict=True))


if __name__ == "__main__":
    if not any(word.startswith("--child") for word in sys.argv):
        same_allocator("benchmarks.temporal")
    cli.run(main)
