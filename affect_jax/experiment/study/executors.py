"""Where the trials of a sweep are trained: here, one after another or several at once, or in an array of Slurm."""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
from collections.abc import Iterator, Mapping, Sequence

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study import slurm
from affect_jax.experiment.study.child import Starter, Stop
from affect_jax.experiment.study.plan import Plan
from affect_jax.experiment.study.worker import Worker, make_queue

DEVICES = "CUDA_VISIBLE_DEVICES"


def run_here(plan: Plan, workdir: pathlib.Path, at_once: int, stop: Stop) -> None:
    """Trains `at_once` trials at a time on this machine, until all have ended or a signal stops them."""
    starters = [Starter(stop, environment=share_of_devices(os.environ, at_once, slot)) for slot in range(at_once)]
    workers = [Worker(plan, workdir, starter) for starter in starters]
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(worker.work) for worker in workers]:
            done.result()


def share_of_devices(environment: Mapping[str, str], at_once: int, slot: int) -> dict[str, str]:
    """The environment of one of several trials at once: its share of the GPUs that CUDA_VISIBLE_DEVICES names."""
    devices = [device for device in environment.get(DEVICES, "").split(",") if device]
    if not devices:
        return dict(environment)
    mine = devices[slot::at_once] or [devices[slot % len(devices)]]
    return {**environment, DEVICES: ",".join(mine)}


def run_one(plan: Plan, workdir: pathlib.Path, executor: str, stop: Stop) -> bool:
    """Trains one trial, in a step of its own within a job of Slurm; False if it was stopped."""
    return Worker(plan, workdir, Starter(stop, slurm.STEP if executor == "slurm" else ())).work_once()


def run_array(plan: Plan, workdir: pathlib.Path, at_once: int, options: Sequence[str], stop: Stop) -> None:
    """Trains what is left in an array of Slurm, and waits for it."""
    queue = make_queue(plan, workdir)
    for trial in queue.trials():
        if trial.starts_from:
            raise UsageError(
                f"run {trial.name} starts from run {trial.starts_from[0]:03d} of the same sweep, and the tasks of an "
                "array start in any order; use --executor=inline or local, or two sweeps"
            )
    if left := queue.left():
        script = slurm.render(workdir.absolute(), left, at_once, options, pathlib.Path.cwd())
        slurm.wait(slurm.submit(workdir, script), stop)


@contextlib.contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """Hands SIGTERM and Ctrl-C to the workers."""
    before = {number: signal.signal(number, stop.request) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
