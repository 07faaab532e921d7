import signal
import subprocess
import sys
import threading

from affect_jax.experiment.study import child

# Notes each SIGTERM, and ends with 75 at the number of them that it is given.
PATIENT = """
import signal, sys, time
got = []
signal.signal(signal.SIGTERM, lambda *_: (got.append(1), print("TERM", flush=True)))
signal.signal(signal.SIGINT, lambda *_: print("INT", flush=True))
print("ready", flush=True)
while len(got) < int(sys.argv[1]): time.sleep(0.02)
sys.exit(75)
"""


def run(tmp_path, stop, terms, finished_early=lambda: False):
    words = [sys.executable, "-c", PATIENT, str(terms)]
    return child.run(words, tmp_path / "log", child.Starter(stop), None, finished_early)


def once_ready(tmp_path, action):
    def wait():
        while not (tmp_path / "log").is_file() or "ready" not in (tmp_path / "log").read_text():
            pass
        action()

    threading.Thread(target=wait).start()


def test_a_child_is_asked_once_for_each_request_to_stop(tmp_path):
    stop = child.Stop()
    once_ready(tmp_path, stop.request)
    assert run(tmp_path, stop, 1) == child.STOPPED
    assert (tmp_path / "log").read_text() == "ready\nTERM\n"
    stop = child.Stop()
    (tmp_path / "log").unlink()
    once_ready(tmp_path, lambda: (stop.request(), threading.Timer(1.2, stop.request).start()))
    assert run(tmp_path, stop, 2) == child.STOPPED
    assert (tmp_path / "log").read_text() == "ready\nTERM\nTERM\n"


def test_a_child_that_is_to_end_early_is_asked_once(tmp_path):
    ready = lambda: "ready" in (tmp_path / "log").read_text()
    assert run(tmp_path, child.Stop(), 1, ready) == child.STOPPED
    assert (tmp_path / "log").read_text() == "ready\nTERM\n"


def test_the_ctrl_c_of_a_terminal_does_not_reach_a_child(tmp_path):
    """A terminal signals the process group in its foreground, of which the child is no part."""
    program = (
        "import pathlib, sys; from affect_jax.experiment.study import child\n"
        "words = [sys.executable, '-c', 'import os; print(os.getpgrp() == os.getpid())']\n"
        "child.run(words, pathlib.Path(sys.argv[1]), child.Starter(child.Stop()), None, lambda: False)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "log")], check=True)
    assert (tmp_path / "log").read_text() == "True\n"


def test_a_second_request_is_counted_and_ends_the_waiting():
    stop = child.Stop()
    assert not stop.wait(0.01)
    stop.request(signal.SIGTERM, None)
    stop.request(signal.SIGTERM, None)
    assert stop.requests == 2 and stop.wait(60)
