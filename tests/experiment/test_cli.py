"""How commands end."""

import errno
import pathlib
import subprocess
import sys
import time

import pytest

from affect_jax.experiment import cli
from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.disk import DiskError

ROOT = pathlib.Path(__file__).parents[2]

# A command that was stopped by a signal while a pool's thread waits without end; the interpreter joins such threads.
STUCK = """
import concurrent.futures, threading
from affect_jax.experiment import cli

def main():
    concurrent.futures.ThreadPoolExecutor(1).submit(threading.Event().wait)
    print("saved")
    return False

cli.run(main)
"""


@pytest.mark.slow
def test_a_command_stopped_by_a_signal_ends_also_while_a_thread_waits_for_data():
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", STUCK], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (75, "saved\n"), done.stderr
    assert time.monotonic() - start < 60


def fail(error):
    raise error


ENDS = {
    "a mistake": (UsageError("no such option"), 2, "no such option"),
    "a missing file": (
        FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"),
        1,
        "a.csv: No such file or dir",
    ),
    "a forbidden file": (PermissionError(errno.EACCES, "Permission denied", "a.csv"), 1, "a.csv: Permission denied"),
    "a full disk": (
        OSError(errno.ENOSPC, "No space left", "/proc/a"),
        1,
        "/proc/a could not be written: the file system",
    ),
    "a full disk, explained": (DiskError("W is full; step 4 is kept"), 1, "W is full; step 4 is kept"),
    "no memory": (
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 5 bytes"),
        1,
        "a smaller batch_size needs less",
    ),
    "no memory of the host": (MemoryError("5 GiB"), 1, "out of memory (5 GiB); a smaller"),
    "no such device": (
        RuntimeError("Unable to initialize backend 'cuda': none\nmore"),
        1,
        "'cuda': none; JAX_PLATFORMS=cpu computes on the processor\n",
    ),
    "a key": (KeyError("emotion"), 1, "error: emotion"),
    "an interruption": (KeyboardInterrupt(), 130, "interrupted"),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_goes_wrong_ends_in_one_sentence_and_the_right_code(case, monkeypatch, capsys):
    error, code, message = ENDS[case]
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    assert cli._call(lambda: fail(error)) == code
    output = capsys.readouterr().err
    assert output.startswith("error: ") and message in output and output.count("\n") == 1


def test_a_bug_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    with pytest.raises(TypeError, match="a bug"):
        cli._call(lambda: fail(TypeError("a bug")))
