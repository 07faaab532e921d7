"""What a worker does with one trial; test_sweep.py has whole sweeps."""

import contextlib
import json
import sys

import pytest

from affect_jax.experiment.config.space import Range, Search
from affect_jax.experiment.study import child
from affect_jax.experiment.study.child import Starter, Stop
from affect_jax.experiment.study.plan import FinalEvaluation, make_plan
from affect_jax.experiment.study.trial import Outcome, Trial
from affect_jax.experiment.study.worker import Worker, make_queue


def plan_for(miniature, tmp_path, tried, final=None, **options):
    config = miniature(tmp_path)
    config.update_from_flattened_dict(options)
    return make_plan(config, tried, final, tmp_path)


def test_one_trial_is_taken_and_its_end_is_that_of_the_worker(miniature, tmp_path, imitated):
    plan = plan_for(miniature, tmp_path, [{"seed": 1}, {"seed": 13}])
    work_once = lambda: Worker(plan, tmp_path, Starter(Stop())).work_once()
    assert work_once() and make_queue(plan, tmp_path).left() == 1
    with pytest.raises(ChildProcessError, match="run 001 failed: step 1: loss is nan"):
        work_once()
    assert work_once()  # nothing is left


@pytest.mark.parametrize("code", [75, 143, -15])
def test_a_child_that_a_scheduler_stops_has_not_ended(code, miniature, tmp_path, monkeypatch):
    monkeypatch.setattr(child, "run", lambda *_: code)
    plan = plan_for(miniature, tmp_path, [{"seed": 1}])
    assert not Worker(plan, tmp_path, Starter(Stop())).work_once()
    assert Trial(0, {}, tmp_path).outcome() is None


def test_a_step_of_slurm_is_what_the_child_is_started_in(miniature, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(child, "run", lambda words, log, starter, *_: started.append([*starter.prefix, *words]) or 0)
    plan = plan_for(miniature, tmp_path, [{"seed": 1}], FinalEvaluation("rendered", "/data", "test", ("subjects=2",)))
    assert Worker(plan, tmp_path, Starter(Stop(), ("srun",))).work_once()
    python = ["srun", sys.executable, "-m"]
    assert started[0] == [
        *python,
        "launch.train",
        f"--config={tmp_path}/000/trial_config.json",
        f"--workdir={tmp_path}/000",
    ]
    assert started[1] == [
        *python,
        "launch.evaluate",
        f"--workdir={tmp_path}/000",
        "--data=rendered",
        "--split=test",
        "--name=sweep",
        "--data_root=/data",
        "--set=subjects=2",
    ]


def test_a_trial_that_falls_behind_is_pruned_while_it_is_trained(miniature, tmp_path, imitated):
    search = Search({"task.emotion_weight": Range(0.1, 1.0)}, trials=6, prune_after=2)
    plan = plan_for(miniature, tmp_path, search, **{"train.steps": 40})
    queue = make_queue(plan, tmp_path)
    for _ in range(5):
        with contextlib.ExitStack() as stack:
            trial, _ = queue.take(stack)
            lines = [json.dumps({"step": step, "validation/ccc/mean": 2.0 + step}) for step in range(1, 41)]
            (trial.folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")
            queue.report(trial)
            trial.end(Outcome("done"))
            queue.finish(trial)
    (tmp_path / "pause").write_text("0.1")
    Worker(plan, tmp_path, Starter(Stop())).work()
    last = queue.trials()[5]
    assert last.state == "pruned" and queue.study.trials[5].state.name == "PRUNED"
    assert 2 <= len((last.folder / "metrics.jsonl").read_text().splitlines()) < 40
