import contextlib
import subprocess
import sys

import pytest

from affect_jax.experiment.study.trial import FAILED, LOG, Outcome, Trial, last_sentence, try_to_hold


def test_the_state_of_a_trial_is_read_from_its_folder(tmp_path):
    trial = Trial(3, {"seed": 1}, tmp_path)
    assert (trial.folder, trial.state, trial.outcome()) == (tmp_path / "003", "waiting", None)
    trial.folder.mkdir()
    (trial.folder / LOG).write_text("compiling")
    assert trial.state == "unfinished"
    trial.end(Outcome(FAILED, "no memory"))
    assert (trial.state, trial.outcome()) == ("failed", Outcome("failed", "no memory"))
    trial.forget_failure()
    assert trial.state == "unfinished"
    trial.end(Outcome("done"))
    trial.forget_failure()
    assert trial.state == "done"


def test_a_damaged_outcome_is_named(tmp_path):
    trial = Trial(0, {}, tmp_path)
    trial.end(Outcome("done"))
    (trial.folder / "trial.json").write_text("{")
    with pytest.raises(ValueError, match=r"000/trial.json is damaged .*; remove it and run the same command again"):
        _ = trial.state


def test_a_trial_is_held_once_and_by_a_child_that_outlives_its_worker(tmp_path):
    trial = Trial(0, {}, tmp_path)
    with contextlib.ExitStack() as worker:
        held, lock = try_to_hold(trial, worker)
        assert held and not try_to_hold(trial, contextlib.ExitStack())[0]
        sleeper = "import sys, time; print(1, flush=True); time.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", sleeper], stdout=subprocess.PIPE, pass_fds=(lock,))
        child.stdout.readline()
        worker.pop_all()  # a worker that is killed removes no file
    assert not try_to_hold(trial, contextlib.ExitStack())[0]
    del lock
    child.kill()
    child.wait()
    child.stdout.close()


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
