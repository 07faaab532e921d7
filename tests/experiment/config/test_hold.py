"""One process at a time in a workdir: the holder is named, and a dead one blocks nobody."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.hold import hold
from affect_jax.train.damage import LOCK

HOLDER = """
import pathlib, sys, time
from affect_jax.experiment.config.hold import hold
with hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the workdir."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_held_workdir_names_its_holder_and_a_killed_holder_blocks_nobody(holder, tmp_path):
    with pytest.raises(UsageError, match=rf"run is in use by process {holder.pid} on \S+ since \d{{4}}-"):
        with hold(tmp_path / "run"):
            pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run" / LOCK).exists()  # what a crash leaves behind
    with hold(tmp_path / "run"):
        assert f'"pid": {os.getpid()}' in (tmp_path / "run" / LOCK).read_text()
    assert not list((tmp_path / "run").iterdir())


def test_a_workdir_is_free_again_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), hold(tmp_path / "run"):
        raise RuntimeError
    with hold(tmp_path / "run"):
        pass


def test_a_file_without_a_name_is_locked_again(tmp_path, monkeypatch):
    """The holder removes its file between the opening and the locking by the next one."""
    real, calls = fcntl.flock, []

    def flock(file, how):
        if not calls:
            (tmp_path / LOCK).unlink()
        calls.append(how)
        return real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with hold(tmp_path):
        assert len(calls) == 2
        monkeypatch.undo()
        with pytest.raises(UsageError, match="is in use by process"), hold(tmp_path):
            pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_said_and_the_run_goes_on(code, tmp_path, monkeypatch, caplog):
    def flock(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    with caplog.at_level("WARNING"), hold(tmp_path):
        assert "this file system has no locks" in caplog.text
    assert not list(tmp_path.iterdir())


def test_another_error_of_locking_is_not_hidden(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    start = time.monotonic()
    with pytest.raises(OSError, match="Input/output error"), hold(tmp_path):
        pass
    assert time.monotonic() - start < 5
