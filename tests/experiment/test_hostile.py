"""Training where the machine does not play along: full and read-only file systems, and the same run started twice."""

import contextlib
import errno
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from affect_jax.experiment import cli
from affect_jax.experiment import train as training
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.hold import hold
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.train import train
from affect_jax.files.disk import DiskError
from affect_jax.train.checkpoint import UNFINISHED
from affect_jax.train.guard import TrainingDiverged

ROOT = pathlib.Path(__file__).parents[2]


def full(path):
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


FAILURES = {
    "a file of ours": lambda folder: full(folder / "metrics.jsonl"),
    "a file without a name": lambda folder: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "TensorStore": lambda folder: ValueError(
        f'RESOURCE_EXHAUSTED: Error writing "x" at local file "{folder}/checkpoints/8{UNFINISHED}/network/": '
        "No space left on device [os_error_code='28']"
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("kept", [None, 4])
def test_a_full_disk_is_one_sentence_with_what_is_kept_and_leaves_nothing_half_written(
    failure, kept, miniature, tmp_path, monkeypatch, capsys
):
    workdir = tmp_path / "run"

    def fail(run, checkpoints, *_):
        (workdir / "checkpoints" / f"8{UNFINISHED}" / "network").mkdir(parents=True)
        if kept is not None:
            (workdir / "checkpoints" / str(kept)).mkdir()
        raise FAILURES[failure](workdir)

    monkeypatch.setattr(training, "_train", fail)
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    assert cli._call(lambda: train(miniature(tmp_path), workdir)) == 1
    state = "no checkpoint was saved yet" if kept is None else "the checkpoint of step 4 is kept"
    message = (
        rf"error: {workdir}\S* could not be written: the file system /\S* is full \(.* left\); {state}; make room .*\n"
    )
    assert re.fullmatch(message, capsys.readouterr().err)
    assert not list(workdir.rglob(f"*{UNFINISHED}"))
    assert (workdir / "config.json").exists() == (kept is not None)


def test_a_workdir_that_cannot_be_written_is_named_before_the_training(miniature, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DiskError, match=rf"{tmp_path}/run could not be written: this user may not write to"):
        train(miniature(tmp_path), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_workdir_in_which_another_process_trains_is_left_alone(miniature, tmp_path):
    workdir = tmp_path / "run"
    with hold(workdir):
        with pytest.raises(UsageError, match=rf"{workdir} is in use by process {os.getpid()} on"):
            train(miniature(tmp_path), workdir)
        assert [path.name for path in workdir.iterdir()] == [".lock"]


def test_a_file_system_that_cannot_rename_is_named_before_the_training(miniature, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "replace", refuse)
    message = rf"{tmp_path}/run: its file system cannot rename files and folders \(Operation not permitted\), by which"
    with pytest.raises(DiskError, match=message):
        train(miniature(tmp_path), tmp_path / "run")
    assert not list((tmp_path / "run").iterdir())


def test_a_signal_during_the_preparation_ends_with_75_within_the_bound(miniature, tmp_path, monkeypatch, caplog):
    """The data are never ready; the second start finds nothing of the first."""
    ended = threading.Event()

    def wait(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        ended.wait()

    monkeypatch.setattr(training.data, "training_batches", wait)
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    started = []
    monkeypatch.setattr(training, "refuse", lambda run: started.append(time.monotonic()))
    assert cli._call(lambda: train(miniature(tmp_path), tmp_path / "run")) == 75
    assert time.monotonic() - started[0] < 10 + 20  # the machine of the tests may be busy
    assert f"signal 15: nothing new was to be saved in {tmp_path}/run; run the same command to go on" in caplog.text
    assert not (tmp_path / "run" / "config.json").exists()
    ended.set()


def test_a_run_that_trained_nothing_before_it_diverged_leaves_its_folder_to_a_corrected_config(
    miniature, tmp_path, monkeypatch
):
    """With train.on_nan=rollback, the initial weights are saved."""

    def diverge(run, *_):
        (run.workdir / "checkpoints" / "0").mkdir(parents=True, exist_ok=True)
        raise TrainingDiverged("step 1: loss is not finite")

    monkeypatch.setattr(training, "_train", diverge)
    with pytest.raises(TrainingDiverged):
        train(miniature(tmp_path), tmp_path / "run")
    assert not (tmp_path / "run" / "config.json").exists()
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def start(log, *words):
    """A command in a process of its own, whose output goes to a file."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    with log.open("w") as output:
        call = [sys.executable, "-m", *words]
        return subprocess.Popen(call, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)


def wait_for(condition, process, log, seconds=200):
    """Waits until something has happened; fails with the output of a process that ended before."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.2)


@pytest.fixture
def config_file(tmp_path):
    """The miniature of these tests as a config file."""
    path = tmp_path / "miniature.py"
    path.write_text(
        "import pathlib, sys\n"
        f"sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r})\n"
        "from conftest import small_config\n\n"
        f"def get_config():\n    return small_config(pathlib.Path({str(tmp_path)!r}))\n"
    )
    return path


@contextlib.contextmanager
def mounted(folder, size):
    """A file system of its own in a folder; skips where it cannot be made."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("needs the right to mount a small file system, which only root has")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.slow
def test_a_signal_at_any_moment_of_the_start_ends_with_75_and_the_next_start_begins_again(config_file, tmp_path):
    """While it imports, opens the data, and compiles; each moment is the time since the last message before it."""
    log, run = tmp_path / "log", tmp_path / "run"
    words = ["launch.train", f"--config={config_file}", "--config.train.steps=100000", f"--workdir={run}"]
    for message, seconds in (("reading", 0.0), ("reading", 1.0), ("trains network", 0.5), ("compiling", 0.2)):
        process = start(log, *words)
        try:
            wait_for(lambda message=message: message in log.read_text(), process, log)
            time.sleep(seconds)
            process.terminate()
            assert process.wait(timeout=200) == 75, log.read_text()  # the machine of the tests may be busy
            assert "run the same command" in log.read_text() and "Traceback" not in log.read_text()
        finally:
            process.kill()
            process.wait()


def losses(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return {line["step"]: line["train/loss"] for line in lines if "train/loss" in line}


@pytest.mark.slow
def test_a_run_on_a_full_file_system_says_so_once_and_is_resumed_when_there_is_room(config_file, tmp_path):
    folder, log = tmp_path / "small", tmp_path / "log"
    words = ["launch.train", f"--config={config_file}", "--config.train.steps=24"]
    assert start(log, *words, f"--workdir={tmp_path}/whole").wait() == 0, log.read_text()
    with mounted(folder, "900k"):
        assert start(log, *words, f"--workdir={folder}/run").wait() == 1
        output = log.read_text()
        message = (
            rf"^error: {folder}/run\S* could not be written: the file system {folder} is full \(.*; the checkpoint of"
        )
        assert re.search(message, output, re.MULTILINE) and "Traceback" not in output, output
        assert not list(folder.rglob(f"*{UNFINISHED}"))
        subprocess.run(["mount", "-o", "remount,size=20m", folder], check=True)
        assert start(log, *words, f"--workdir={folder}/run").wait() == 0, log.read_text()
        assert "resuming from step" in log.read_text()
        assert losses(folder / "run") == losses(tmp_path / "whole")


@pytest.mark.slow
def test_a_run_that_can_only_be_read_is_evaluated_elsewhere(static_run, tmp_path, monkeypatch):
    folder = tmp_path / "shared"
    settings = ["subjects=2", "per_subject=2"]
    with mounted(folder, "20m"):
        subprocess.run(["cp", "-r", static_run, folder / "run"], check=True)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        with pytest.raises(
            DiskError, match=rf"the file system {folder} is read-only; choose another folder with --output"
        ):
            evaluate_run(folder / "run", "rendered", "", "test", settings)
        found, summary = evaluate_run(folder / "run", "rendered", "", "test", settings, output=tmp_path / "out")
    assert found == tmp_path / "out" and summary["n"]["rows"] == 4
    assert {"summary.json", "predictions.csv"} <= {path.name for path in found.iterdir()}


@pytest.mark.slow
def test_of_two_starts_of_a_run_the_second_names_the_first_and_a_killed_one_blocks_nobody(config_file, tmp_path):
    run, log = tmp_path / "run", tmp_path / "log"
    words = ["launch.train", f"--config={config_file}", "--config.train.steps=100000", f"--workdir={run}"]
    first = start(tmp_path / "first", *words)
    try:
        wait_for(lambda: list((run / "checkpoints").glob("[0-9]*")), first, tmp_path / "first")
        assert start(log, *words).wait() == 2
        assert f"{run} is in use by process {first.pid} on " in log.read_text() and "Traceback" not in log.read_text()
        assert first.poll() is None
    finally:
        first.kill()
        first.wait()
    third = start(log, *words)
    try:
        wait_for(lambda: "resuming from step" in log.read_text(), third, log)
    finally:
        third.kill()
        third.wait()
