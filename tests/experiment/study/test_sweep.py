"""Sweeps from their beginning to their tables, over imitated trainings."""

import csv
import os
import pathlib
import signal
import sys
import threading
import time

import pytest

from affect_jax.experiment.config.claim import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.space import Choice, Range, Search
from affect_jax.experiment.study import child
from affect_jax.experiment.study.child import Starter, Stop
from affect_jax.experiment.study.plan import FinalEvaluation, read_plan
from affect_jax.experiment.study.sweep import begin, carry_out
from affect_jax.experiment.study.trial import Outcome, Trial
from affect_jax.experiment.study.worker import Worker

RATES = [{"optimizer.learning_rate": rate} for rate in (0.001, 0.01, 0.1)]


def rows(workdir: pathlib.Path) -> list[dict[str, str]]:
    with (workdir / "table.csv").open() as file:
        return list(csv.DictReader(file))


def steps_taken(workdir: pathlib.Path) -> list[str]:
    return (workdir / "steps_taken").read_text().split("\n")[:-1]


def signal_after(steps: int, workdir: pathlib.Path) -> None:
    """Sends SIGTERM to this process once as many steps were taken."""

    def wait():
        while not (workdir / "steps_taken").is_file() or len(steps_taken(workdir)) < steps:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


@pytest.fixture
def config(miniature, tmp_path, imitated):
    return miniature(tmp_path)  # four steps


@pytest.mark.parametrize(("executor", "at_once"), [("inline", 1), ("local", 2)])
def test_every_executor_trains_each_point_once_and_writes_the_same_table(executor, at_once, config, tmp_path):
    workdir = tmp_path / "sweep"
    begin(config, RATES, workdir)
    assert carry_out(workdir, executor, at_once)
    # emotion_weight 1 - distance of the rate to 0.01 + 4 steps / 1000
    found = [
        (row["run"], row["optimizer.learning_rate"], row["state"], row["validation/ccc/mean"]) for row in rows(workdir)
    ]
    assert found == [
        ("000", "0.001", "done", "0.995"),
        ("001", "0.01", "done", "1.004"),
        ("002", "0.1", "done", "0.914"),
    ]
    assert (workdir / "table.md").read_text().splitlines()[3].startswith("| 001 | 0.010 | done |")
    before = (workdir / "table.csv").read_bytes()
    assert carry_out(workdir, executor, at_once)
    assert len(steps_taken(workdir)) == 12 and (workdir / "table.csv").read_bytes() == before
    assert not (workdir / "seeds.csv").exists()


def test_runs_that_fail_are_named_with_their_last_sentence_while_the_others_go_on(config, tmp_path):
    workdir = tmp_path / "sweep"
    begin(config, [{"seed": seed} for seed in (13, 14, 1)], workdir)
    with pytest.raises(ChildProcessError) as failure:
        carry_out(workdir)
    errors = ["step 1: loss is nan; a lower learning rate may help", "ended by signal 9", ""]
    assert str(failure.value) == f"2 of 3 runs failed: run 000: {errors[0]}; run 001: {errors[1]}"
    assert [(row["state"], row["error"]) for row in rows(workdir)] == list(
        zip(("failed", "failed", "done"), errors, strict=True)
    )
    first = len((workdir / "000" / "trial.log").read_text())
    with pytest.raises(ChildProcessError):
        carry_out(workdir)  # tries those that failed again
    assert len((workdir / "000" / "trial.log").read_text()) == 2 * first and len(steps_taken(workdir)) == 4


def test_a_signal_stops_a_sweep_which_then_goes_on_where_it_was(config, tmp_path):
    workdir = tmp_path / "sweep"
    begin(config, RATES, workdir)
    (workdir / "pause").write_text("0.3")
    signal_after(1, workdir)
    assert not carry_out(workdir)
    assert "done" not in rows(workdir)[0]["state"] and 0 < len(steps_taken(workdir)) < 12
    (workdir / "pause").unlink()
    assert carry_out(workdir)
    assert sorted(steps_taken(workdir)) == [f"{run:03d} {step}" for run in range(3) for step in range(1, 5)]


def test_several_workers_share_a_sweep(config, tmp_path):
    """Each is a command on some machine; here they are threads, with locks of their own all the same."""
    workdir = tmp_path / "sweep"
    begin(config, [{"seed": seed} for seed in range(4)], workdir)
    (workdir / "pause").write_text("0.05")
    workers = [Worker(read_plan(workdir), workdir, Starter(Stop())) for _ in range(3)]
    threads = [threading.Thread(target=worker.work) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(steps_taken(workdir)) == [f"{run:03d} {step}" for run in range(4) for step in range(1, 5)]
    order = [line.split()[0] for line in steps_taken(workdir)]
    assert order != sorted(order), "they did not work at the same time"


def test_a_run_may_start_from_another_one_of_the_sweep_and_fails_with_it(config, tmp_path):
    workdir = tmp_path / "sweep"
    start = {"initialize.rule": "copy", "initialize.workdir": "{sweep}/000"}
    begin(config, [{"seed": 13}, {"seed": 1, **start}, {"seed": 2}], workdir)
    with pytest.raises(ChildProcessError, match="run 001: starts from run 000, which failed"):
        carry_out(workdir, "local", 2)
    assert not (workdir / "001" / "metrics.jsonl").exists()
    with pytest.raises(UsageError, match="run 001 starts from run 000 of the same sweep, .* use --executor=inline"):
        carry_out(workdir, "slurm")


@pytest.mark.slow
def test_a_search_goes_on_with_the_same_points_wherever_it_was_stopped(config, tmp_path):
    search = Search(
        {"optimizer.learning_rate": Range(1e-4, 1e-1, log=True), "task.emotion_weight": Choice((0.5, 1.0))}, trials=8
    )
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    begin(config, search, whole)
    assert carry_out(whole)
    begin(config, search, stopped)
    (stopped / "pause").write_text("0.1")
    signal_after(6, stopped)
    assert not carry_out(stopped)
    assert carry_out(stopped)
    assert (stopped / "table.csv").read_bytes() == (whole / "table.csv").read_bytes()
    assert len(rows(whole)) == 8 and len(steps_taken(stopped)) == 32
    with (whole / "importance.csv").open() as file:
        shares = {line["option"]: float(line["importance"]) for line in csv.DictReader(file)}
    assert set(shares) == set(search.fields) and sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert (whole / "parallel.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("tried", "message"),
    [
        ([], "the sweep has no points; there is nothing to train"),
        (
            [{"optimizer.learning_rat": 1.0}],
            r"sweep point .*: config has no option 'optimizer.learning_rat'; did you mean 'optimizer.learning_rate'\?",
        ),
        ([{"batch_size": "many"}], "sweep point .*: config.batch_size is 'many'; expected a whole number"),
        (
            Search({"optimizer.learning_rat": Range(1e-4, 1e-2)}, trials=2),
            r"config has no option 'optimizer.learning_rat'; did you mean 'optimizer.learning_rate'\?",
        ),
        (Search({"batch_size": Range(1.5, 8.0)}, trials=2), "config.batch_size is 1.5; expected a whole number"),
        (Search({"train.best": Choice(("validation/ccc/mean",))}, trials=2), "by 'train.best', so it cannot vary it"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_starts(tried, message, config, tmp_path):
    with pytest.raises(UsageError, match=message):
        begin(config, tried, tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_a_search_of_other_fields_is_refused_in_the_same_folder_and_more_trials_are_not(config, tmp_path):
    fields = {"optimizer.learning_rate": Range(1e-4, 1e-2)}
    begin(config, Search(fields, trials=2), tmp_path)
    begin(config, Search(fields, trials=3), tmp_path)
    with pytest.raises(UsageError, match="holds a sweep of another kind .search.fields.optimizer.learning_rate.high"):
        begin(config, Search({"optimizer.learning_rate": Range(1e-4, 1e-1)}, trials=3), tmp_path)


def test_points_that_other_runs_stand_at_are_refused_and_further_ones_are_not(config, tmp_path):
    begin(config, RATES[:1], tmp_path / "sweep")
    config.optimizer.learning_rate = 0.001
    claim(tmp_path / "sweep" / "000", config)
    begin(config, RATES, tmp_path / "sweep")
    with pytest.raises(
        UsageError, match="sweep/000 holds a run of another config .optimizer.learning_rate: 0.001 there"
    ):
        begin(config, RATES[1:], tmp_path / "sweep")


def test_a_folder_without_a_sweep_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no sweep.json; begin the sweep with --config and --sweep"):
        carry_out(tmp_path)


def test_waiting_for_a_trial_of_another_worker_ends_with_it(config, tmp_path):
    workdir = tmp_path / "sweep"
    begin(config, RATES[:1], workdir)
    other = Trial(0, RATES[0], workdir)

    def work_elsewhere():
        with other.held():
            started.set()
            time.sleep(0.5)
            other.end(Outcome("done"))

    started = threading.Event()
    thread = threading.Thread(target=work_elsewhere)
    thread.start()
    started.wait()
    assert carry_out(workdir)
    thread.join()
    assert not (workdir / "steps_taken").exists()


def test_a_finished_sweep_is_evaluated_when_it_is_asked_for_later(config, tmp_path, monkeypatch):
    workdir = tmp_path / "sweep"
    begin(config, RATES[:1], workdir)
    assert carry_out(workdir)
    evaluate = "import json, pathlib, sys; f = pathlib.Path(sys.argv[1]); f.parent.mkdir(parents=True); f.write_text("
    content = 'json.dumps({"conditions": {"checkpoint_step": 3}, "scores": {"ccc/mean": 0.5}}))'
    train = child.command
    summary = str(workdir / "000" / "evaluation" / "sweep" / "summary.json")
    imitate = lambda name, *words: (
        train(name, *words) if name == "train" else [sys.executable, "-c", evaluate + content, summary]
    )
    monkeypatch.setattr(child, "command", imitate)
    begin(config, RATES[:1], workdir, FinalEvaluation("rendered"))
    assert carry_out(workdir)
    (row,) = rows(workdir)
    assert (row["state"], row["step"], row["ccc/mean"]) == ("done", "3", "0.5")
    assert len(steps_taken(workdir)) == 4
