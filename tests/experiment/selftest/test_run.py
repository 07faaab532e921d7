"""A whole selftest in miniature, its report, and what it refuses."""

import pathlib
import re
from signal import SIGKILL, SIGTERM

import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.selftest.children import Kill
from affect_jax.experiment.selftest.compare import Record
from affect_jax.experiment.selftest.phases import KILLED_IN, Seen
from affect_jax.experiment.selftest.points import Point
from affect_jax.experiment.selftest.run import NotEqual, describe, selftest

KILLS = [
    Kill(Point("compilation", 0, 0.2, 1, SIGKILL), Seen("compilation", 0), 3.21, 0.44),
    Kill(Point("save", 3, 0.1, 0, SIGTERM), Seen("save", 4), 7.0, 2.5),
]


def test_the_report_lists_the_kills_and_what_was_compared():
    same = Record([{"step": 2}], {"step 2, network 'kernel'": "1"})
    assert describe(KILLS, same, same) == (
        "kill 1: during compilation, after step 0, 3.2 s after its start\n"
        "kill 2: during save, after step 4, 7.0 s after its start\n"
        "equal after 2 kills: 1 lines of metrics, and 1 arrays and notes of the checkpoints (weights, optimizer, "
        "position in the data)"
    )


def test_the_report_of_several_processes_says_which_got_which_signal_and_how_fast_all_left():
    first, second, _ = describe(KILLS, Record([], {}), Record([], {}), processes=2).splitlines()
    assert first.startswith("kill 1: SIGKILL to process 1 during compilation, after step 0, 3.2 s after its start; all")
    assert first.endswith("; all had left 0.4 s later")
    assert second.startswith("kill 2: SIGTERM to process 0 during save") and second.endswith("2.5 s later")


def test_runs_that_differ_fail_with_the_first_difference_and_the_kills():
    one, other = Record([{"step": 2, "a": 1.0}], {}), Record([{"step": 2, "a": 2.0}], {})
    message = r"killed 2 times differs: metrics.jsonl, line 1: a is 1.0 uninterrupted and 2.0 killed\nkill 1: during"
    with pytest.raises(NotEqual, match=message):
        describe(KILLS, one, other)


def test_a_folder_with_content_and_no_kills_are_refused(miniature, tmp_path):
    with pytest.raises(UsageError, match="--kills=0; it must be at least 1"):
        selftest(miniature(tmp_path), tmp_path / "new", 0, 0)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=rf"--workdir={tmp_path} is not empty; choose a new folder"):
        selftest(miniature(tmp_path), tmp_path, 1, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("processes", "steps", "seed"), [(1, 12, 1), (2, 40, 3)])
def test_a_run_that_is_killed_is_equal_to_one_that_is_not(miniature, tmp_path, monkeypatch, processes, steps, seed):
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(__file__).parents[3]))
    config = miniature(tmp_path)
    config.train.steps = steps
    report = selftest(config, tmp_path / "selftest", 2, seed, processes).splitlines()
    signals = [line.split()[2] for line in report[:-1]]
    if processes == 1:
        assert signals == ["during"] * 2
    else:  # so short a run may be complete before its processes agree on SIGTERM, which takes a second
        assert signals and signals == ["SIGKILL", "SIGTERM"][: len(signals)]
    phase = rf"during (start|{'|'.join(KILLED_IN)}), after step \d+, [\d.]+ s after its start"
    expected = rf"kill \d: (SIG\w+ to process \d )?{phase}(; all had left [\d.]+ s later)?"
    assert all(re.fullmatch(expected, line) for line in report[:-1])
    assert report[-1].startswith(f"equal after {len(signals)} kills: {steps} lines of metrics, and ")
