"""How commands end."""

import pathlib
import subprocess
import sys
import time

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


def test_a_command_stopped_by_a_signal_ends_also_while_a_thread_waits_for_data():
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", STUCK], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (75, "saved\n"), done.stderr
    assert time.monotonic() - start < 60
