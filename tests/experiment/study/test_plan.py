import json

import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.space import Choice, Range, Search
from affect_jax.experiment.study.plan import FinalEvaluation, make_plan, read_plan, write_plan


@pytest.mark.parametrize(
    "tried",
    [
        [{"label": "a", "model.head.ranks": (("head/blocks/0", (2, 3)),)}, {"seed": 2}],
        Search({"seed": Range(0, 9), "frozen": Choice(("", "trunk/.*"))}, trials=3, sampler="random", prune_after=2),
    ],
    ids=["points", "search"],
)
def test_a_plan_is_read_as_it_was_made(tried, miniature, tmp_path):
    plan = make_plan(miniature(tmp_path), tried, FinalEvaluation("rendered", settings=("subjects=2",)), tmp_path)
    write_plan(plan, tmp_path)
    assert read_plan(tmp_path) == plan
    assert plan.tried == tried


def test_a_point_changes_its_options_only_and_finds_the_folder_of_the_sweep(miniature, tmp_path):
    point = {"label": "a", "task.teacher": "{sweep}/000", "optimizer.learning_rate": 0.5}
    plan = make_plan(miniature(tmp_path), [point], None, tmp_path)
    before, after = plan.config, plan.config_at(plan.tried[0], tmp_path)
    assert (after["task"]["teacher"], after["optimizer"]["learning_rate"]) == (f"{tmp_path}/000", 0.5)
    after["task"]["teacher"], after["optimizer"]["learning_rate"] = "", 0.01
    assert after == before and "label" not in after


def test_a_damaged_plan_is_refused(tmp_path):
    (tmp_path / "sweep.json").write_text(json.dumps([1]))
    with pytest.raises(UsageError, match=r"sweep.json is damaged .*; begin the sweep again with --config and --sweep"):
        read_plan(tmp_path)
