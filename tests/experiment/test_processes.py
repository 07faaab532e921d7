"""Whole runs in two real processes, which are interrupted in every way."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from subprocess import PIPE

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

ROOT = pathlib.Path(__file__).parents[2]
SECONDS = 600  # for one start; a fraction of it on a quiet machine


def start(workdir: pathlib.Path, devices: int, *words: str, variant: str = "slow") -> subprocess.Popen:
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "PYTHONPATH": str(ROOT),
    }
    config = f"--config={ROOT / 'tests/reference/linear_run.py'}:{variant}"
    command = [sys.executable, "-m", "launch.train", config, f"--workdir={workdir}", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=PIPE, text=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start_two(workdir: pathlib.Path, variant: str = "slow", extra: tuple[Sequence[str], ...] = ((), ()), devices=1):
    place = f"--coordinator=127.0.0.1:{free_port()}"
    numbers = [("--processes=2", f"--process={number}", *extra[number]) for number in range(2)]
    return [start(workdir, devices, place, *words, variant=variant) for words in numbers]


def begin(workdir: pathlib.Path, start_all: Callable[[], list[subprocess.Popen]]) -> list[subprocess.Popen]:
    """Starts processes, and waits until they have logged steps of their own."""
    journal = workdir / "metrics.jsonl"
    before, step = (journal.stat().st_ino, newest_step(workdir)) if journal.exists() else (None, 0)
    # The journal is written again at the start, without the lines past the checkpoint.
    is_new = lambda: journal.exists() and journal.stat().st_ino != before
    return wait_until(lambda: is_new() and last_logged(workdir) > step, start_all())


def wait_until(condition: Callable[[], bool], processes: list[subprocess.Popen]) -> list[subprocess.Popen]:
    end = time.monotonic() + SECONDS
    while not condition():
        assert all(process.poll() is None for process in processes), [process.communicate() for process in processes]
        assert time.monotonic() < end
        time.sleep(0.1)
    return processes


def leave(processes) -> list[tuple[int, str]]:
    """Exit codes and what was written to stderr."""
    ended = []
    try:
        for process in processes:
            _, text = process.communicate(timeout=SECONDS)
            ended.append((process.returncode, text))
    finally:
        for process in processes:
            process.kill()
    return ended


def lines(workdir: pathlib.Path) -> list[dict]:
    found = []
    with contextlib.suppress(FileNotFoundError):
        for line in (workdir / "metrics.jsonl").read_text().splitlines():
            with contextlib.suppress(ValueError):  # the last one is being written
                found.append({name: value for name, value in json.loads(line).items() if name != "seconds"})
    return found


def last_logged(workdir: pathlib.Path) -> int:
    return max([line["step"] for line in lines(workdir)], default=0)


def newest_step(workdir: pathlib.Path) -> int:
    return max(int(folder.name) for folder in (workdir / "checkpoints").iterdir() if folder.name.isdecimal())


def arrays(workdir: pathlib.Path, step: int) -> dict[str, np.ndarray]:
    """Weights and moments, on one device."""
    found = {}
    here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    for part in ("network", "optimizer"):
        folder = workdir.absolute() / "checkpoints" / str(step) / part
        stored = ocp.StandardCheckpointHandler().metadata(folder)
        target = {name: jax.ShapeDtypeStruct(each.shape, each.dtype, sharding=here) for name, each in stored.items()}
        arrays_there = ocp.StandardCheckpointer().restore(folder, target)
        found |= {f"{part}/{name}": np.asarray(array) for name, array in arrays_there.items()}
    return found


def assert_same_arrays(run: pathlib.Path, other: pathlib.Path) -> None:
    expected, found = arrays(other, newest_step(other)), arrays(run, newest_step(run))
    assert expected.keys() == found.keys() and newest_step(run) == newest_step(other)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory) -> pathlib.Path:
    """A run in one process with two devices that nothing interrupts."""
    workdir = tmp_path_factory.mktemp("whole") / "run"
    ((code, text),) = leave([start(workdir, 2, variant="plain")])
    assert code == 0, text
    return workdir


@pytest.mark.slow
def test_a_run_that_is_interrupted_in_every_way_ends_bit_equal_to_one_in_a_single_process(whole_run, tmp_path):
    """Two processes -> one with two devices -> two, again and again: SIGTERM, SIGINT, an error, and kill -9 of each."""
    run = tmp_path / "run"
    first = begin(run, lambda: start_two(run))
    first[1].send_signal(signal.SIGTERM)
    (code, text), (other_code, other_text) = leave(first)
    assert (code, other_code) == (75, 75), text + other_text
    step = newest_step(run)
    assert f"signal 15: saved at step {step};" in text and f"signal 15: saved at step {step};" in other_text
    assert "trains network" in text and "trains network" not in other_text

    alone = begin(run, lambda: [start(run, 2)])
    alone[0].send_signal(signal.SIGINT)
    ((code, text),) = leave(alone)
    assert code == 75 and newest_step(run) > step, text

    step = newest_step(run)
    (code, text), (other_code, other_text) = leave(start_two(run, "broken"))
    assert (code, other_code) == (1, 1), text + other_text
    assert "error: process 1: shard 3 is damaged" in text and "error: shard 3 is damaged" in other_text
    assert newest_step(run) == step

    for victim in (1, 0):
        both = begin(run, lambda: start_two(run))
        both[victim].kill()
        killed = time.monotonic()
        code, text = leave(both)[1 - victim]
        assert code == 1 and time.monotonic() - killed < 65, text
        assert re.search("another process has ended or .* run the same command again in all processes to resume", text)

    step = newest_step(run)
    for code, text in leave(start_two(run, "plain")):
        assert code == 0, text
    # A start begins a mean of the logged terms, so that lines up to the first after the last start may differ in these.
    same_from_here = lambda line: line["step"] > step + 1 or "validation/ccc/mean" in line
    assert [line for line in lines(run) if same_from_here(line)] == [
        line for line in lines(whole_run) if same_from_here(line)
    ]
    assert_same_arrays(run, whole_run)


@pytest.mark.slow
def test_both_go_on_from_the_checkpoint_before_a_damaged_one_which_process_0_moves(whole_run, tmp_path):
    run = tmp_path / "run"
    both = wait_until(lambda: last_logged(run) > 20, start_two(run))
    both[0].send_signal(signal.SIGTERM)
    assert [code for code, _ in leave(both)] == [75, 75]
    step = newest_step(run)
    weights = max((run / "checkpoints" / str(step)).glob("network/*/d/*"), key=lambda path: path.stat().st_size)
    changed = bytearray(weights.read_bytes())
    changed[len(changed) // 2] ^= 1
    weights.write_bytes(changed)

    (code, text), (other_code, other_text) = leave(start_two(run, "plain"))
    assert (code, other_code) == (0, 0), text + other_text
    moved = run / "damaged" / str(step)
    assert f"it was moved to {moved}, and the one of step 20 is used" in text and "damaged" not in other_text
    assert "resuming from step 20" in text and moved.is_dir()
    assert lines(run) == lines(whole_run)
    assert_same_arrays(run, whole_run)


@pytest.mark.slow
def test_a_signal_ends_an_evaluation_of_both_between_its_batches(tmp_path):
    """The evaluation of the last step takes 40 s: its scores are missing in the checkpoint, and made up for."""
    whole, run = tmp_path / "whole", tmp_path / "run"
    ((code, text),) = leave([start(whole, 2, variant="evaluated")])
    assert code == 0, text
    both = wait_until(lambda: last_logged(run) == 4, start_two(run, "evaluated_slowly"))
    sent = time.monotonic()
    both[1].send_signal(signal.SIGTERM)
    for code, text in leave(both):
        assert code == 75 and "signal 15: saved at step 4;" in text, text
    assert time.monotonic() - sent < 25  # 2 to 3 on a quiet machine
    assert newest_step(run) == 4 and not (run / "checkpoints" / "4" / "metrics").exists()
    for code, text in leave(start_two(run, "evaluated")):
        assert code == 0, text
    assert lines(run) == lines(whole) and (run / "checkpoints" / "4" / "metrics").exists()
    assert_same_arrays(run, whole)


@pytest.mark.slow
@pytest.mark.parametrize(("data", "fsdp"), [(2, 2), (1, 4)])
def test_parameters_split_over_two_processes_come_out_as_in_one_process(tmp_path, data, fsdp):
    """Four devices in one process and in two; with fsdp 4, each parameter is split over both."""
    words = (f"--config.mesh.data={data}", f"--config.mesh.fsdp={fsdp}", "--config.train.steps=8")
    words += ("--config.train.evaluate_every=8", "--config.optimizer.name=sgd", "--config.optimizer.learning_rate=0.01")
    whole, run = tmp_path / "whole", tmp_path / "run"
    for code, text in leave([start(whole, 4, *words, variant="plain")]):
        assert code == 0, text
    for code, text in leave(start_two(run, "plain", (words, words), devices=2)):
        assert code == 0, text
    folders = [run / f"checkpoints/8/network/ocdbt.process_{number}" for number in range(2)]
    written = [sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) for folder in folders]
    assert fsdp < 4 or written[1] > written[0] / 2  # each process writes what it holds
    expected, found = arrays(whole, 8), arrays(run, 8)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        # Sums in another order, of the size of the largest value; a bias before a normalization is rounding alone.
        tolerance = 1e-6 + 1e-5 * np.abs(array).max()
        np.testing.assert_allclose(found[name], array, rtol=0, atol=tolerance, err_msg=name)


WAITING = """
import os, time
from affect_jax.experiment import cli, processes
def main():
    coordinator, process = os.environ["PLACE"].split()
    with processes.joined(coordinator, 2, int(process), heartbeat_seconds=10):
        from affect_jax.train.agreement import from_first, wait_for_all
        from_first("start", "")
        print("connected", flush=True)
        time.sleep(600 if process == "1" else 0)
        wait_for_all("never")
cli.run(main)
"""


@pytest.mark.slow
def test_a_process_that_dies_far_from_the_mesh_is_missed_after_its_heartbeats():
    coordinator = f"127.0.0.1:{free_port()}"
    places = [{**os.environ, "PLACE": f"{coordinator} {process}", "PYTHONPATH": str(ROOT)} for process in range(2)]
    both = [
        subprocess.Popen([sys.executable, "-c", WAITING], env=place, stdout=PIPE, stderr=PIPE, text=True)
        for place in places
    ]
    for process in both:
        assert process.stdout.readline() == "connected\n"
    both[1].kill()
    killed = time.monotonic()
    code, text = leave(both)[0]
    assert code == 1 and time.monotonic() - killed < 15, text
    assert re.search("error: .*another process has ended or .* run the same command again in all", text)


@pytest.mark.slow
def test_processes_that_were_not_started_alike_end_with_one_sentence(tmp_path):
    ended = leave(start_two(tmp_path / "run", "plain", ((), ("--config.seed=1",))))
    for code, text in ended:
        assert code == 2, text
        assert "process 1 of 2 was not started like process 0 (config.seed: 0 there, 1 now); start all" in text
    assert not (tmp_path / "run").exists()
