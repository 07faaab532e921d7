"""The static network against its PyTorch reference and onnxruntime: speed, memory, compilation.

  python -m benchmarks.static
  python -m benchmarks.static --sections=inference --batches=1,32 --rounds=15

All programs use the same weights, images, threads and allocator. They take turns, no round is discarded, and the tables
report medians with ranges and the speed relative to PyTorch (channels_last), by wall time and by CPU time. On a machine
under other load use --cores=1 and CPU time: threads that wait for each other measure the other load. Each row reports
parity: for inference, the largest difference of any output from PyTorch's, relative to the largest output; for
training, the relative difference of the first losses.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from absl import flags

from affect_jax.experiment import cli
from affect_jax.experiment.config.errors import UsageError
from benchmarks.interleaved import interleaved, limit_cores, lines, markdown, require_torch, same_allocator

SECTIONS = ("inference", "training", "memory", "compilation")
CHOSEN = flags.DEFINE_list("sections", list(SECTIONS), f"What to measure: {', '.join(SECTIONS)}.")
BATCHES = flags.DEFINE_list("batches", ["1", "32"], "Batch sizes for inference.")
TRAINING_BATCH = flags.DEFINE_integer("training_batch", 8, "Batch size for training.")
TRAINED = flags.DEFINE_list(
    "trained", ["frozen", "everything"], "What to train: frozen (all but the trunk) or everything."
)
EXECUTIONS = flags.DEFINE_list(
    "executions", ["auto"], "Executions of our network, one program each: auto, direct, winograd."
)
ROUNDS = flags.DEFINE_integer("rounds", 9, "Rounds; each program is timed once per round, and no round is discarded.")
CORES = flags.DEFINE_integer("cores", 0, "Number of cores, and of threads of each program; 0: all cores.")
MINIATURE = flags.DEFINE_bool("miniature", False, "Use a tiny network: a smoke test, not a measurement.")
CHILD = flags.DEFINE_string("child", "", "For internal use: the one job of this process.")

SPEED = ["program", "images/s, median [range]", "ratio", "ratio (CPU time)", "difference"]


def main() -> None:
    from affect_jax.infer.tuning import machine
    from benchmarks import contenders

    config = contenders.EmoNetConfig()
    if MINIATURE.value:
        config = contenders.MINIATURE
    for name in CHOSEN.value:
        if name not in SECTIONS:
            raise UsageError(f"--sections={name}: choose one of {', '.join(SECTIONS)}")
    require_torch()
    limit_cores(CORES.value)
    if CHILD.value:
        return _child(contenders, config, *CHILD.value.split(":"))
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}; {ROUNDS.value} rounds")
    sections = {"inference": _inference, "training": _training, "memory": _memory, "compilation": _compilation}
    for name in CHOSEN.value:
        sections[name](contenders, config)


def _inference(contenders, config) -> None:
    for batch in map(int, BATCHES.value):
        model = contenders.reference(config)
        programs = {"PyTorch, channels_last": contenders.torch_inference(config, model, batch)}
        exported = contenders.onnx_inference(config, model, batch, len(os.sched_getaffinity(0)))
        if exported is None:
            print("onnxruntime: not installed (pip install onnx onnxruntime)")
        else:
            programs["onnxruntime"] = exported
        for name in EXECUTIONS.value:
            programs[f"affect_jax, {name}"] = contenders.our_inference(config, model, batch, name)
        expected = programs["PyTorch, channels_last"]()
        parity = {name: f"{_difference(program(), expected):.1e}" for name, program in programs.items()}
        times = interleaved(programs, ROUNDS.value)
        print(markdown(f"Inference, batch {batch}", SPEED, lines(times, batch, "PyTorch, channels_last", parity)))


def _training(contenders, config) -> None:
    batch = TRAINING_BATCH.value
    for what in TRAINED.value:
        programs = {"PyTorch, channels_last": contenders.torch_training(config, what, batch)}
        for name in EXECUTIONS.value:
            programs[f"affect_jax, {name}"] = contenders.our_training(config, what, batch, name)
        first = {name: program() for name, program in programs.items()}
        expected = first["PyTorch, channels_last"]
        parity = {name: f"{abs(loss - expected) / abs(expected):.1e}" for name, loss in first.items()}
        times = interleaved(programs, ROUNDS.value)
        title = f"Training, {'trunk frozen' if what == 'frozen' else 'everything'}, batch {batch}"
        print(markdown(title, SPEED, lines(times, batch, "PyTorch, channels_last", parity)))


def _memory(contenders, config) -> None:
    rows = []
    jobs = [f"inference {batch}" for batch in BATCHES.value]
    jobs += [f"{what} {TRAINING_BATCH.value}" for what in TRAINED.value]
    for job in jobs:
        what, batch = job.split()
        peaks = [_run(f"memory:{side}:{what}:{batch}") for side in ("torch", "ours")]
        rows.append([job, *(f"{float(peak):.0f}" for peak in peaks)])
    print(markdown("Peak memory of a process (MB)", ["what, batch", "PyTorch", "affect_jax"], rows))


def _compilation(contenders, config) -> None:
    rows = []
    jobs = [("inference", "1")] + [(what, str(TRAINING_BATCH.value)) for what in TRAINED.value]
    for what, batch in jobs:
        with tempfile.TemporaryDirectory() as folder:
            taken = [_run(f"compile:ours:{what}:{batch}", JAX_COMPILATION_CACHE_DIR=folder) for _ in range(2)]
        rows.append([f"{what} {batch}", *(f"{float(seconds):.1f}" for seconds in taken)])
    title = "Seconds of the first call minus those of the second"
    print(markdown(title, ["what, batch", "compiled from scratch", "from the cache"], rows))


def _child(contenders, config, what: str, side: str, job: str, batch: str) -> None:
    """Runs one job in this process and prints its result."""
    number = int(batch)
    if job == "inference":
        model = contenders.reference(config)
        if side == "torch":
            program = contenders.torch_inference(config, model, number)
        else:
            program = contenders.our_inference(config, model, number, EXECUTIONS.value[0])
    elif side == "torch":
        program = contenders.torch_training(config, job, number)
    else:
        program = contenders.our_training(config, job, number, EXECUTIONS.value[0])
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        program()
        taken.append(time.perf_counter() - start)
    status = pathlib.Path("/proc/self/status").read_text()  # not ru_maxrss, which starts at the parent's peak
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
    print(f"result {peak if what == 'memory' else taken[0] - taken[1]}")


def _run(child: str, **environment: str) -> str:
    """The result that a separate process prints."""
    words = [word for word in sys.argv[1:] if not word.startswith("--child")]
    command = [sys.executable, "-m", "benchmarks.static", *words, f"--child={child}"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"--child={child} failed:\n{done.stderr[-2000:]}")
    return done.stdout.split("result ")[-1]


def _difference(actual: dict, expected: dict) -> float:
    return max(float(abs(actual[name] - expected[name]).max() / abs(expected[name]).max()) for name in expected)


if __name__ == "__main__":
    same_allocator("benchmarks.static")
    cli.run(main)
