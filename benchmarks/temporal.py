"""Factorized convolutions over time, and the clip network, against dense ones and PyTorch; streams against windows.

  python -m benchmarks.temporal
  python -m benchmarks.temporal --sections=layer,memory --ranks=128 --rounds=15 --cores=1

The layer is that of a ResNet-18's first stage: 64 to 64 channels, 3x3x3, 16 frames of 56x56. Same numbers, threads and
allocator for all (the settings are printed); the programs take turns, every round counts, and the tables give medians
with ranges and the ratio to PyTorch's dense convolution by the clock and by processor time. Where other work runs
beside it take --cores=1 and the processor time. Parity stands beside each speed: the largest difference from the first
program's result (and gradient of the signal), divided by the largest number there. tltorch takes part where installed
(an environment of its own with pip install tensorly-torch). Memory is that of the other sections chosen, or of all.
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
NETWORKS = flags.DEFINE_list("networks", ["quickstart", "larger"], "Sizes of the clip network.")
ONLY = flags.DEFINE_list("only", [], "Programs to run: those whose name holds one of these texts; empty: all.")
ROUNDS = flags.DEFINE_integer("rounds", 9, "Rounds; each program runs once a round, none is left out.")
CORES = flags.DEFINE_integer("cores", 0, "Cores that all may use, each with as many threads; 0: every core.")
MINIATURE = flags.DEFINE_bool("miniature", False, "Very small sizes: tries the benchmark, measures nothing.")
CHILD = flags.DEFINE_string("child", "", "Used by the benchmark itself: the one program whose memory is asked for.")

SPEED = ["program", "ms, median [range]", "ms of the processor", "ratio", "ratio (processor time)", "difference"]


def main() -> None:
    from affect_jax.infer.tuning import machine

    for name, given, known in (("sections", CHOSEN, SECTIONS), ("directions", DIRECTION, DIRECTIONS)):
        for word in given.value:
            if word not in known:
                raise UsageError(f"--{name}={word}: choose of {', '.join(known)}")
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
    """Of a section, "layer 128 both" and the like."""
    sizes = RANKS.value if section == "layer" else NETWORKS.value
    if section == "streaming":
        return [f"{section} {size} forward" for size in sizes]
    return [f"{section} {size} {direction}" for size in sizes for direction in DIRECTION.value]


def _makers(job: str) -> dict:
    """What makes the programs of a job, by name; the first is what the others are compared with."""
    section, size, direction = job.split()
    if section == "layer":
        from benchmarks import layers

        small = {"frames": 4, "map_px": 6, "channels": 8} if MINIATURE.value else {}
        return layers.makers(layers.Layer(int(size), **small), DIRECTIONS[direction])
    from benchmarks import clips

    known = {"quickstart": clips.Clips(clips.QUICKSTART, 8, 16), "larger": clips.Clips(clips.LARGER, 1, 16)}
    if size not in known:
        raise UsageError(f"--networks={size}: choose of {', '.join(known)}")
    chosen = clips.Clips(clips.MINIATURE, 2, 3) if MINIATURE.value else known[size]
    if section == "streaming":
        from benchmarks import streams

        return streams.makers(dataclasses.replace(chosen, batch=1))
    return clips.makers(chosen, DIRECTIONS[direction])


def _speed(job: str) -> None:
    makers = _makers(job)
    base = next(iter(makers))
    chosen = {name: make() for name, make in makers.items() if name == base or _wanted(name)}
    expected = chosen[base]()
    parity = {name: f"{_difference(program(), expected):.1e}" for name, program in chosen.items()}
    print(markdown(job, SPEED, milliseconds(interleaved(chosen, ROUNDS.value), base, parity)), flush=True)


def _wanted(name: str) -> bool:
    return not ONLY.value or any(word in name for word in ONLY.value)


def _memory() -> None:
    speeds = SECTIONS[:-1] if CHOSEN.value == ["memory"] else [name for name in CHOSEN.value if name != "memory"]
    for job in (job for section in speeds for job in _jobs(section)):
        rows = [[name, f"{float(_run(f'{job}:{name}')):.0f}"] for name in _makers(job) if _wanted(name)]
        title = f"Peak memory of a call beside what is there before it (MB): {job}"
        print(markdown(title, ["program", "MB"], rows), flush=True)


def _child(job: str, name: str) -> None:
    """What one call needs beside the memory that the process holds before it."""
    program = _makers(job)[name]()  # compiled; the first call counts, XLA keeps its memory for the next
    before = _memory_mb("VmRSS")
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    program()
    sys.stdout.write(f"result {_memory_mb('VmHWM') - before}")


def _memory_mb(field: str) -> float:
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def _run(child: str) -> str:
    """What a process of its own prints, which gives every array of more than 1 MB back as soon as it is freed."""
    words = [word for word in sys.argv[1:] if not word.startswith("--child")]
    command = [sys.executable, "-m", "benchmarks.temporal", *words, f"--child={child}"]
    environment = {name: value for name, value in os.environ.items() if name not in ALLOCATOR}
    environment["MALLOC_MMAP_THRESHOLD_"] = "1000000"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"--child={child} failed:\n{done.stderr[-2000:]}")
    return done.stdout.split("result ")[-1]


def _difference(found: tuple, expected: tuple) -> float:
    return max(float(abs(one - other).max() / abs(other).max()) for one, other in zip(found, expected, strict=True))


if __name__ == "__main__":
    if not any(word.startswith("--child") for word in sys.argv):
        same_allocator("benchmarks.temporal")
    cli.run(main)
