import json

import numpy as np
import pytest

from affect_jax.draw.parallel import Option
from affect_jax.experiment.config.space import Choice, Range, Search
from affect_jax.experiment.study.importance import importances, write_importance
from affect_jax.experiment.study.plan import make_plan
from affect_jax.experiment.study.trial import Outcome, Trial


def options(runs: int = 40) -> list[Option]:
    rng = np.random.default_rng(0)
    rates = (10 ** rng.uniform(-4, -1, runs)).tolist()
    return [Option("rank", rng.integers(2, 16, runs).tolist()), Option("rate", rates, log=True)]


@pytest.mark.parametrize("minimize", [False, True])
def test_the_option_that_the_score_follows_from_is_the_important_one(minimize):
    chosen = options()
    distance = np.abs(np.log10(chosen[1].values) + 2.5)
    scores = (distance if minimize else -distance).tolist()
    shares = importances(chosen, scores, [True] * 40, minimize)
    assert list(shares) == ["rate", "rank"] and shares["rate"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)


def test_only_runs_that_are_done_count_and_few_of_them_say_nothing():
    chosen = options(8)
    scores = [0.1, None, *np.linspace(0, 1, 6)]
    assert set(importances(chosen, scores, [False, False, *[True] * 6], False)) == {"rate", "rank"}
    assert importances(chosen, scores, [False] * 3 + [True] * 5, False) == {}


@pytest.mark.parametrize("as_search", [True, False])
def test_a_sweep_gets_its_plot_and_the_importance_of_what_it_varies(as_search, miniature, tmp_path):
    points = [
        {"optimizer.learning_rate": 10.0**-power, "frozen": frozen} for power in (1, 2, 3) for frozen in ("", "a")
    ]
    tried = points
    if as_search:
        fields = {"optimizer.learning_rate": Range(1e-4, 1.0, log=True), "frozen": Choice(("", "a"))}
        tried = Search(fields, trials=6)
    plan = make_plan(miniature(tmp_path), tried, None, tmp_path)
    trials = [Trial(number, point, tmp_path) for number, point in enumerate([*points, points[0]])]
    for trial in trials[:6]:
        trial.end(Outcome("done"))
        line = {"step": 4, "validation/ccc/mean": trial.point["optimizer.learning_rate"]}
        (trial.folder / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    write_importance(plan, trials, tmp_path)
    lines = (tmp_path / "importance.csv").read_text().splitlines()
    assert lines[0] == "option,importance,runs" and lines[1].startswith("optimizer.learning_rate,")
    assert (tmp_path / "parallel.png").stat().st_size > 10_000


def test_a_sweep_that_varies_nothing_has_no_plot(miniature, tmp_path):
    plan = make_plan(miniature(tmp_path), [{"seed": 1}], None, tmp_path)
    write_importance(plan, [Trial(0, {"seed": 1}, tmp_path)], tmp_path)
    assert not (tmp_path / "parallel.png").exists() and not (tmp_path / "importance.csv").exists()
