import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from affect_jax.experiment.study.trial import FAILED, LOCK, LOG, Outcome, Trial, last_sentence, try_to_hold


def test_the_state_of_a_trial_is_read_from_its_folder(tmp_path):
    trial = Trial(3, {"seed": 1}, tmp_path)
    assert (trial.folder, trial.state, trial.outcome()) == (tmp_path / "003", "waiting", None)
    trial.folder.mkdir()
    (trial.folder / LOG).write_text("compiling")
    assert trial.state == "unfinished"
    trial.end(Outcome(FAILED, "no memory"))
    assert (trial.state, trial.outcome()) == ("failed", Outcome("failed", "no memory"))
    trial.take_up_again()
    assert trial.state == "unfinished"


def test_a_damaged_outcome_is_named(tmp_path):
    trial = Trial(0, {}, tmp_path)
    trial.end(Outcome("done"))
    (trial.folder / "trial.json").write_text("{")
    with pytest.raises(ValueError, match=r"000/trial.json is damaged .*; remove it and run the same command again"):
        _ = trial.state


# A worker that holds a trial, starts a training, and is killed.
KILLED = """
import os, pathlib, signal, subprocess, sys
from affect_jax.files.locks import locked
with locked(pathlib.Path(sys.argv[1])) as lock:
    quiet = subprocess.DEVNULL
    training = subprocess.Popen(["sleep", "600"], stdout=quiet, stderr=quiet, pass_fds=(lock.fileno(),))
    print(training.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_trial_is_held_once_and_by_a_training_that_outlives_its_worker(tmp_path):
    trial = Trial(0, {}, tmp_path)
    with contextlib.ExitStack() as worker:
        assert try_to_hold(trial, worker)[0] and not try_to_hold(trial, contextlib.ExitStack())[0]
    call = [sys.executable, "-c", KILLED, str(trial.folder / LOCK)]  # does not import JAX, as `held` would
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    training = int(done.stdout)
    assert done.returncode == -signal.SIGKILL and not try_to_hold(trial, contextlib.ExitStack())[0]
    os.kill(training, signal.SIGKILL)
    for _ in range(100):
        with contextlib.ExitStack() as next_worker:
            if try_to_hold(trial, next_worker)[0]:
                return
        time.sleep(0.05)
    pytest.fail("the trial is held although nobody is left")


@pytest.mark.parametrize(
    ("log", "code", "sentence"),
    [
        ("error: first\n1 of 3\nerror: no such file a: b\nRun with --help\n", 2, "no such file a: b"),
        ("Traceback\nTypeError: a bug\n\n", 1, "TypeError: a bug"),
        ("step 3\n", -9, "ended by signal 9"),
        ("", 3, "ended with code 3"),
    ],
)
def test_the_last_sentence_says_why_a_command_failed(log, code, sentence, tmp_path):
    (tmp_path / "log").write_text(log)
    assert last_sentence(tmp_path / "log", code) == sentence


def test_the_runs_that_a_trial_needs_are_read_from_its_point(tmp_path):
    point = {"task.teacher": "{sweep}/002", "initialize.workdir": "{sweep}/010", "seed": 1}
    assert Trial(11, point, tmp_path).starts_from == [2, 10]
