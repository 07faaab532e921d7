"""Tracebacks of libraries' threads are held back where the user is told the reason, and nowhere else."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import errno, logging, os, sys, threading, warnings
from absl import flags, logging as absl_logging
from affect_jax.experiment.quiet import quiet_libraries

flags.FLAGS(["program", *sys.argv[1:]])
absl_logging.use_absl_handler()
quiet_libraries()

def fail(error):
    try:
        raise error
    except type(error) as caught:
        return caught

def record(folder, level, text, error=None):
    trace = (type(error), error, error.__traceback__) if error else None
    logger = logging.getLogger("absl")
    logger.handle(logger.makeRecord("absl", level, f"/x/{folder}/y.py", 1, text, (), trace))

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
record("orbax", logging.INFO, "chatter of Orbax")
record("orbax", logging.ERROR, "a thread of Orbax failed", fail(FULL))
record("asyncio", logging.ERROR, "task was destroyed", fail(RuntimeError("x")))
record("orbax", logging.ERROR, "an error of Orbax in one line")
record("affect_jax", logging.WARNING, "our own warning")
for error in (RuntimeError("Event loop is closed"), FULL):
    threading.excepthook(threading.ExceptHookArgs((type(error), error, None, threading.current_thread())))
    sys.excepthook(type(error), error, None)

class Fails:  # an error that no frame of Python can catch, as in callbacks of TensorStore
    def __init__(self, error):
        self.error = error

    def __del__(self):
        raise self.error

Fails(RuntimeError("Event loop is closed"))
Fails(KeyError("an uncatchable bug"))
other = KeyError("a bug")
threading.excepthook(threading.ExceptHookArgs((KeyError, other, None, threading.current_thread())))
warnings.warn("Error writing persistent compilation cache entry for 'jit_f': PermissionError")
"""


@pytest.fixture(scope="module")
def output():
    """What a user sees of these failures."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr


def test_what_follows_from_a_full_disk_is_not_shown(output):
    for text in (
        "chatter",
        "a thread of Orbax failed",
        "task was destroyed",
        "Event loop",
        "No space left",
        "compilation",
    ):
        assert text not in output, output


def test_other_failures_are_shown(output):
    assert "an error of Orbax in one line\n" in output and "our own warning\n" in output
    assert "KeyError: 'a bug'" in output and "KeyError: 'an uncatchable bug'" in output


def test_with_more_verbosity_everything_is_shown():
    call = [sys.executable, "-c", PROGRAM, "--verbosity=1"]
    output = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    for text in ("chatter", "a thread of Orbax failed", "task was destroyed", "Event loop", "No space left"):
        assert text in output
