import csv

import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.hold import hold
from affect_jax.experiment.study import sweep

SHARES, SEEDS = (2, 4), (0, 1, 2)


def points(label: str) -> list[dict]:
    return [
        {"label": label, "seed": seed, "data.train.rendered.fold.of": share, "initialize.workdir": f"statics/{seed}"}
        for seed in SEEDS
        for share in SHARES
    ]


def test_runs_of_one_label_that_differ_for_every_seed_alike_have_lines_of_their_own(tmp_path):
    chosen = points("inflated")
    scores = {2: (0.5, 0.6, 0.7), 4: (0.1, 0.2, 0.3)}
    rows = [
        {"run": f"{index:03d}", **point, "ccc/mean": scores[point["data.train.rendered.fold.of"]][point["seed"]]}
        for index, point in enumerate(chosen)
    ]
    sweep._write_seeds(rows, chosen, tmp_path / "seeds.csv")
    with (tmp_path / "seeds.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(line["label"], line["data.train.rendered.fold.of"], line["runs"]) for line in lines] == [
        ("inflated", "2", "3"),
        ("inflated", "4", "3"),
    ]
    # deviation 0.1, three values: 4.303 * 0.1 / sqrt(3) = 0.248
    assert [line["ccc/mean"] for line in lines] == ["0.600 ± 0.248", "0.200 ± 0.248"]
    assert lines[1]["ccc/mean, difference"] == "-0.400 ± 0.000"


def test_a_second_start_keeps_the_rows_to_come_and_drops_those_of_points_that_are_no_more(
    tmp_path, miniature, monkeypatch
):
    tables = []
    monkeypatch.setattr(sweep, "train", lambda *_: True)
    monkeypatch.setattr(sweep, "write_csv", lambda rows, path: tables.append([row["run"] for row in rows]))
    monkeypatch.setattr(sweep.costs, "network_costs", lambda run: {})
    (tmp_path / "table.csv").write_text("run,seed,state\n" + "".join(f"{run:03d},{run},done\n" for run in range(5)))
    assert sweep.sweep(miniature(tmp_path), [{"seed": 7} for _ in range(3)], tmp_path)
    assert tables == [["000", "001", "002"]] * 3


def test_a_sweep_without_points_is_refused(tmp_path, miniature):
    with pytest.raises(UsageError, match="the sweep has no points; there is nothing to train"):
        sweep.sweep(miniature(tmp_path), [], tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_a_sweep_that_another_process_runs_is_left_alone(tmp_path, miniature, monkeypatch):
    monkeypatch.setattr(sweep, "train", lambda *_: pytest.fail("it was trained"))
    with hold(tmp_path), pytest.raises(UsageError, match=f"{tmp_path} is in use by process"):
        sweep.sweep(miniature(tmp_path), [{"seed": 7}], tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("data.train.rendered.fold.of", True), ("initialize.workdir", False), ("frozen", False)],
)
def test_what_differs_with_the_seed_or_with_the_label_only_tells_no_runs_apart(name, expected):
    chosen = points("inflated") + [{**point, "label": "other", "frozen": "trunk/.*"} for point in points("other")]
    assert sweep._distinguishes(chosen, name) is expected
