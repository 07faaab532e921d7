"""Searches without trainings: which trials workers get, and what Optuna is told."""

import contextlib
import json
import sys

import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.space import Choice, Range, Search
from affect_jax.experiment.study import search
from affect_jax.experiment.study.trial import DONE, PRUNED, Outcome

BEST = "validation/ccc/mean"
FIELDS = {"rate": Range(1e-4, 1e-1, log=True), "rank": Range(2, 16), "ranks": Choice(((1, 2), None, "x", 1.5, True))}


def make(workdir, trials=20, best=BEST, steps=40, **options) -> search.Searched:
    return search.Searched(Search(FIELDS, trials, **options), workdir, best, steps)


def log_scores(trial, *scores):
    trial.folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"step": 10 * (place + 1), BEST: score}) for place, score in enumerate(scores)]
    (trial.folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")


def finish(queue, trial, state, *scores):
    log_scores(trial, *scores)
    trial.end(Outcome(state))
    queue.finish(trial)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_points_lie_in_their_space_and_follow_from_the_seed_and_the_scores_before(sampler, tmp_path):
    found = []
    for workdir in ("one", "other"):
        for _ in range(2):  # a second process goes on with the same points
            queue = make(tmp_path / workdir, sampler=sampler)
            for _ in range(6):
                with contextlib.ExitStack() as stack:
                    trial, _ = queue.take(stack)
                    finish(queue, trial, DONE, trial.point["rank"] / 16)
        found.append([trial.point for trial in queue.trials()])
    assert found[0] == found[1] and len(found[0]) == 12
    for point in found[0]:
        assert 1e-4 <= point["rate"] <= 1e-1 and 2 <= point["rank"] <= 16 and isinstance(point["rank"], int)
        assert point["ranks"] in FIELDS["ranks"].values and list(point) == list(FIELDS)
    assert len({point["rate"] for point in found[0]}) == 12, "a restart repeated a point"


def test_a_trial_whose_worker_was_killed_is_taken_up_by_the_next_one(tmp_path):
    with contextlib.ExitStack() as killed:
        left_behind, _ = make(tmp_path).take(killed)
        assert make(tmp_path).take(contextlib.ExitStack())[0].number == 1  # the first one is held
    with contextlib.ExitStack() as stack:
        assert make(tmp_path).take(stack)[0] == left_behind


def test_a_trial_whose_worker_was_killed_while_it_was_asked_for_gets_the_rest_of_its_point(tmp_path):
    asked = make(tmp_path).study.ask()
    rate = asked.suggest_float("rate", 1e-4, 1e-1, log=True)
    with contextlib.ExitStack() as stack:
        trial, _ = make(tmp_path).take(stack)
    assert trial.number == 0 and trial.point["rate"] == rate and set(trial.point) == set(FIELDS)


def test_what_a_killed_worker_could_not_tell_is_told_by_the_next_one(tmp_path):
    with contextlib.ExitStack() as killed:
        trial, _ = make(tmp_path).take(killed)
        log_scores(trial, 0.25, 0.5)
        trial.end(Outcome(DONE))
    queue = make(tmp_path, trials=2)
    with contextlib.ExitStack() as stack:
        assert queue.take(stack)[0].number == 1 and queue.left() == 1
    assert (queue.study.best_value, queue.study.best_trial.number) == (0.5, 0)


@pytest.mark.parametrize(("best", "value"), [(BEST, 0.75), (f"-{BEST}", 0.25)])
def test_the_best_value_is_the_highest_or_the_lowest_as_the_config_says(best, value, tmp_path):
    queue = make(tmp_path, best=best)
    for score in (0.25, 0.75):
        with contextlib.ExitStack() as stack:
            finish(queue, queue.take(stack)[0], DONE, score)
    assert queue.study.best_value == value


def test_a_trial_below_the_median_of_the_others_ends_early_but_not_before_its_time_nor_at_its_last_step(tmp_path):
    queue = make(tmp_path, prune_after=20)
    for place in range(6):
        with contextlib.ExitStack() as stack:
            trial, _ = queue.take(stack)
            log_scores(trial, 0.5, 0.5, 0.5, 0.5)
            assert not queue.report(trial)
            finish(queue, trial, DONE, 0.5, 0.5, 0.5, 0.5 + place / 100)
    with contextlib.ExitStack() as stack:
        trial, _ = queue.take(stack)
        log_scores(trial, 0.1)
        assert not queue.report(trial)  # at step 10, before 20
        log_scores(trial, 0.1, 0.2, 0.3)
        assert queue.report(trial)
        log_scores(trial, 0.1, 0.2, 0.3, 0.3)
        assert not queue.report(trial)  # at step 40, its last one
        finish(queue, trial, PRUNED, 0.1, 0.2, 0.3)
    assert queue.study.trials[6].state.name == "PRUNED" and queue.left() == 13
    assert not make(tmp_path / "other").report(trial)  # without prune_after


def test_without_optuna_a_search_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match=r"a search needs Optuna: pip install 'affect_jax\[sweep\]'; a list of points"):
        search.require_optuna()
