"""A child is killed at its point; one that fails by itself, or ends in another way than it should, is reported."""

import re
import sys
from signal import SIGKILL, SIGTERM

import pytest

from affect_jax.experiment.selftest.children import Child, ChildFailed
from affect_jax.experiment.selftest.phases import Seen
from affect_jax.experiment.selftest.points import Point
from affect_jax.train.loop_config import TrainConfig

# Two processes that say that they compile. A signal to process 1 ends it with 75, and then process 0 with the code that
# is given; if process 1 is killed, process 0 notices.
PAIR = """
import os, pathlib, signal, sys, time
folder, code, number = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[-1].removeprefix("--process="))
pid, left = folder / "pid", folder / "left"
def leave(*_):
    left.touch()
    os._exit(75)
if number == 1:
    signal.signal(signal.SIGTERM, leave)
    (folder / "writing").write_text(str(os.getpid()))
    (folder / "writing").rename(pid)
    time.sleep(60)
while not pid.exists():
    time.sleep(0.01)
print("compiling the training step", flush=True)
while not left.exists() and pathlib.Path("/proc", pid.read_text()).exists():
    time.sleep(0.01)
sys.exit(code)
"""


def pair(folder, code: int) -> Child:
    folder.mkdir()
    child = Child(folder / "none.py", folder / "run", folder / "killed_1.log", TrainConfig(), processes=2)
    child._call = [sys.executable, "-u", "-c", PAIR, str(folder), str(code)]
    return child


def test_a_training_that_fails_by_itself_is_reported_with_its_last_line_and_its_log(tmp_path):
    child = Child(tmp_path / "none.py", tmp_path / "run", tmp_path / "log", TrainConfig())
    child._call = [sys.executable, "-u", "-c", "import sys; print('first'); sys.exit('error: the last line')"]
    for run in (child.finish, lambda: child.kill_at(Point("save", 0, 0.0))):
        message = rf"the training ended with exit code 1: error: the last line \(in {tmp_path}/log\)"
        with pytest.raises(ChildFailed, match=message):
            run()


def test_a_training_that_ends_before_its_kill_is_not_counted(tmp_path):
    child = Child(tmp_path / "none.py", tmp_path / "run", tmp_path / "log", TrainConfig())
    child._call = [sys.executable, "-c", "pass"]
    assert child.kill_at(Point("save", 0, 0.0)) is None


@pytest.mark.parametrize(("kind", "code"), [(SIGKILL, 1), (SIGTERM, 75)])
def test_all_processes_leave_after_a_signal_to_one(tmp_path, kind, code):
    kill = pair(tmp_path / "a", code).kill_at(Point("compilation", 0, 0.1, process=1, signal=kind))
    assert kill.point.signal == kind and kill.seen == Seen("compilation", 0) and kill.seconds >= 0.1
    assert 0 <= kill.leaving_seconds < 30


@pytest.mark.parametrize(("kind", "code"), [(SIGKILL, 75), (SIGTERM, 1)])
def test_another_exit_code_than_that_of_the_signal_is_reported_with_the_log_of_its_process(tmp_path, kind, code):
    message = rf"exit code {code}: compiling the training step \(in {re.escape(str(tmp_path))}/a/killed_1_process_0.log"
    with pytest.raises(ChildFailed, match=message):
        pair(tmp_path / "a", code).kill_at(Point("compilation", 0, 0.0, process=1, signal=kind))


def test_processes_that_do_not_leave_are_reported_and_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("affect_jax.experiment.selftest.children.LEAVE_SECONDS", 0.0)
    child = pair(tmp_path / "a", 75)
    with pytest.raises(ChildFailed, match=r"killed_1_process_1: the training did not end within 0 s \(see .*_1.log\)"):
        child.kill_at(Point("compilation", 0, 0.0, process=0, signal=SIGKILL))
