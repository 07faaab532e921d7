"""Finished sweeps in one plot and one table; all numbers are computed by hand."""

import csv
import json
from fractions import Fraction

import numpy as np
import pytest

from affect_jax.draw.axes import make_figure
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study import sweep_runs
from affect_jax.experiment.study.compare_sweeps import compare, score_name
from affect_jax.report.sections import comparison
from configs import quickstart

# Half the width of the interval of (m - d, m, m + d): sample deviation d, t(0.975, 2) = 4.302653.
HALF = 4.302653 / np.sqrt(3)
SEEDS = (0, 1, 2)
FOLDS = "data.train.rendered.fold.of"


def write_sweep(folder, rows, courses=(), evaluation="validation"):
    """A sweep folder; `courses` gives each run its {step: score} of the evaluation that chose its checkpoint."""
    folder.mkdir(parents=True)
    rows = [{"run": f"{number:03d}", "state": "done", **row} for number, row in enumerate(rows)]
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    config = quickstart.get_config("static")
    config.train.best = f"{evaluation}/ccc/mean"
    for row in rows:
        claim.claim(folder / row["run"], config)
    for row, course in zip(rows, courses, strict=False):
        score = f"{evaluation}/ccc/mean"
        lines = [{"step": step, score: value, "other/ccc/mean": 0.0, "seconds": 1.0} for step, value in course.items()]
        (folder / row["run"] / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def networks(folder):
    """Three seeds of a static network as it is and of an inflated one in two phases; the second ones last 40 steps."""
    rows, courses = [], []
    for seed in SEEDS:
        apart = 0.1 * (seed - 1)
        costs = {"parameters": 4000, "flops/frame": 12_600_000}
        scores = lambda mean, apart=apart: {"ccc/valence": 0.6, "ccc/arousal": 0.4, "ccc/mean": mean + apart}
        rows.append({"label": "static", "seed": seed, **scores(0.5), **costs})
        courses.append({0: 0.45 + apart})
        grown = {"seed": seed, **costs, "parameters": 5000}
        rows.append({"label": "grown, first phase", **grown, **scores(0.1), "initialize.workdir": f"runs/{seed:03d}"})
        courses.append({10: 0.3 + apart, 20: 0.2 + apart})  # best at 10, yet 20 steps were spent
        origin = f"{{sweep}}/{len(rows) - 1:03d}"
        rows.append({"label": "grown", **grown, **scores(0.7), "initialize.workdir": origin})
        courses.append({20: 0.6 + 2 * apart, 40: 0.65})
    return write_sweep(folder, rows, courses)


def amounts(folder):
    rows = [
        {"label": "grown", "seed": seed, "ccc/mean": mean + 0.01 * (seed - 1), FOLDS: count}
        for seed in SEEDS
        for count, mean in ((4, 0.6), (2, 0.65))
    ]
    return write_sweep(folder, rows)


def test_table_of_hand_worked_runs(tmp_path, monkeypatch):
    timed = {"static": tmp_path / "networks" / "000", "grown": tmp_path / "networks" / "002"}
    clock = lambda workdirs: {"static": 1234.4, "grown": 101.4} if workdirs == timed else {}
    monkeypatch.setattr("affect_jax.experiment.study.compare_sweeps.frames_per_second", clock)
    folders = [networks(tmp_path / "networks"), amounts(tmp_path / "amounts")]
    table = compare(folders, "ccc/mean", tmp_path / "out", speed=True)
    assert table.splitlines()[-1].split()[0] == "grown" and "first phase" not in table
    with (tmp_path / "out" / "comparison.csv").open(newline="") as file:
        static, grown = csv.DictReader(file)
    half = f"{0.1 * HALF:.3f}"
    assert half == "0.248"
    assert static["network"] == "static" and static["mean CCC"] == f"0.500 ± {half}"
    assert static["mean CCC, difference"] == "" and static["parameters"] == "4000" and static["frames/s"] == "1234"
    assert static["MFLOP a frame"] == "13" and static["runs"] == "3"  # 12.6
    assert grown["mean CCC"] == f"0.700 ± {half}" and grown["valence CCC"] == "0.600 ± 0.000"
    assert grown["mean CCC, difference"] == "+0.200 ± 0.000"  # seed by seed, though each mean is uncertain
    assert grown["valence CCC, difference"] == "+0.000 ± 0.000"
    assert grown["parameters"] == "5000" and grown["frames/s"] == "101" and grown["runs"] == "3"
    lines = (tmp_path / "out" / "comparison.md").read_text().splitlines()
    head = "| network | valence CCC | arousal CCC | mean CCC | mean CCC, difference | parameters | MFLOP a frame |"
    assert lines[0].startswith(head) and lines[3].startswith(
        f"| grown | 0.600 ± 0.000 | 0.400 ± 0.000 | 0.700 ± {half}"
    )
    note = 'Mean ± 95 % t-interval over seeds (3 of them); differences are from "static", seed by seed.'
    assert lines[-1] == note
    assert not list((tmp_path / "out").glob("*.part"))


def test_differences_may_be_to_any_network(tmp_path):
    folder = networks(tmp_path / "networks")
    compare([folder], "ccc/mean", tmp_path / "out", against="grown")
    with (tmp_path / "out" / "comparison.csv").open(newline="") as file:
        static, grown = csv.DictReader(file)
    assert static["mean CCC, difference"] == "-0.200 ± 0.000" and grown["mean CCC, difference"] == ""
    assert 'differences are from "grown"' in (tmp_path / "out" / "comparison.md").read_text()
    with pytest.raises(UsageError, match="--against=grow: no such network; choose one of static; grown"):
        compare([folder], "ccc/mean", tmp_path / "wrong", against="grow")
    assert not (tmp_path / "wrong").exists()


def test_plot_shows_shares_steps_and_levels(drawn, tmp_path):
    compare([networks(tmp_path / "networks"), amounts(tmp_path / "amounts")], "ccc/mean", tmp_path / "out")
    left, right = drawn[0].axes
    lines = {line.get_label(): line for line in left.get_lines()}
    np.testing.assert_allclose(lines["grown"].get_xdata(), [0.25, 0.5, 1])
    np.testing.assert_allclose(lines["grown"].get_ydata(), [0.6, 0.65, 0.7])
    np.testing.assert_allclose(lines["static"].get_ydata(), 0.5)
    (bars,) = [np.array(each.get_segments()) for each in left.collections]
    np.testing.assert_allclose(bars[:, 1, 1] - bars[:, 0, 1], 2 * HALF * np.array([0.01, 0.01, 0.1]), rtol=1e-6)
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["1/4", "1/2", "all"]
    lines = {line.get_label(): line for line in right.get_lines()}
    np.testing.assert_allclose(lines["grown"].get_xdata(), [10, 20, 40, 60])  # the second phase begins after 20 steps
    np.testing.assert_allclose(lines["grown"].get_ydata(), [0.3, 0.2, 0.6, 0.65])
    np.testing.assert_allclose(lines["static"].get_ydata(), 0.45)
    corners = right.collections[0].get_paths()[0].vertices
    np.testing.assert_allclose(corners[corners[:, 0] == 40, 1].max(), 0.6 + 0.2 * HALF, rtol=1e-6)
    np.testing.assert_allclose(corners[corners[:, 0] == 60, 1].max(), 0.65)
    assert (left.get_ylabel(), right.get_ylabel()) == ("mean CCC", "validation mean CCC")
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == ["grown", "static"]


def test_bars_of_two_networks_at_one_share_stand_apart():
    run = lambda label, share, score: comparison.Run(label, "0", Fraction(share), score, {})
    runs = [run("a", 1, 0.5), run("a", "1/8", 0.25), run("b", "1/8", 0.1), run("b", 1, 0.2), run("c", 1, 0.9)]
    curves = comparison.over_shares(runs)
    assert list(curves) == ["a", "b"]  # c has one share only
    assert curves["b"].at.tolist() == [0.125, 1] and curves["b"].mean.tolist() == [0.1, 0.2]
    assert np.isnan(curves["a"].half).all()  # of a single seed
    axes = make_figure(4.0, 3.0).subplots()
    comparison._draw_shares(axes, curves, {label: {"color": "k"} for label in curves})
    places = {line.get_label(): np.log2(line.get_xdata()) for line in axes.get_lines()}
    np.testing.assert_allclose(places["b"] - places["a"], comparison.OFFSET)
    np.testing.assert_allclose((places["a"] + places["b"]) / 2, [-3, 0], atol=1e-9)


def test_courses_hold_only_steps_at_which_every_seed_was_evaluated(caplog):
    run = lambda label, seed, course: comparison.Run(label, seed, comparison.ALL, 0.5, course)
    runs = [
        run("a", "0", {10: 0.1, 20: 0.3}),
        run("a", "1", {20: 0.5, 30: 0.6}),
        run("b", "0", {1: 0.0}),
        run("b", "1", {}),
    ]
    curves = comparison.over_steps(runs)
    assert list(curves) == ["a"] and curves["a"].at.tolist() == [20] and curves["a"].mean[0] == pytest.approx(0.4)
    assert "'b': no step at which all seeds were evaluated" in caplog.text


@pytest.mark.parametrize(
    ("fold", "share"),
    [
        ({}, 1),
        ({"of": ""}, 1),
        ({"of": "16"}, Fraction(1, 16)),
        ({"index": "3", "of": "4", "complement": "False"}, Fraction(1, 4)),
        ({"of": "5", "complement": "True"}, Fraction(4, 5)),
    ],
)
def test_share_of_a_fold(fold, share):
    row = {f"data.train.sewa.fold.{name}": cell for name, cell in fold.items()}
    assert sweep_runs.clip_share({**row, "evaluations.validation.fold.of": "7"}, "here") == share


@pytest.mark.parametrize(
    ("column", "name"),
    [("ccc/mean", "mean CCC"), ("held/ccc/valence", "held valence CCC"), ("macro_f1", "macro f1")]
    + [("held/accuracy", "held accuracy")],
)
def test_names_of_scores(column, name):
    assert score_name(column, "held") == name


def test_the_evaluation_that_chose_the_checkpoints_is_compared_whatever_its_name(drawn, tmp_path):
    row = {"label": "a", "seed": 0, "held/ccc/mean": 0.25, "validation/ccc/mean": 0.9}
    folder = write_sweep(tmp_path / "held", [row], [{10: 0.125, 20: 0.25}], evaluation="held")
    table = compare([folder], "ccc/mean", tmp_path / "out")
    assert table.splitlines()[0].startswith("network  held mean CCC")
    assert table.splitlines()[-1].split()[:2] == ["a", "0.250"] and "0.9" not in table
    (axes,) = drawn[0].axes
    assert axes.get_ylabel() == "held mean CCC"
    (line,) = axes.get_lines()
    np.testing.assert_allclose(line.get_xydata(), [(10, 0.125), (20, 0.25)])
    assert compare([folder], "held/ccc/mean", tmp_path / "again") == table


def test_sweeps_whose_checkpoints_were_chosen_by_different_evaluations_are_refused(tmp_path):
    row = {"label": "a", "seed": 0, "ccc/mean": 0.25}
    one = write_sweep(tmp_path / "one", [row], [{10: 0.25}])
    two = write_sweep(tmp_path / "two", [{**row, "label": "b"}], [{10: 0.25}], evaluation="held")
    message = "selected by different evaluations: .*one/000 by 'validation', .*two/000 by 'held'; compare sweeps of one"
    with pytest.raises(UsageError, match=message):
        compare([one, two], "ccc/mean", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_sweep_without_a_final_evaluation_is_compared_by_its_validation_and_diverged_runs_are_left_out(
    drawn, caplog, tmp_path
):
    row = {"label": "a", "seed": 0, "validation/ccc/mean": 0.25}
    lost = {**row, "seed": 1, "state": "diverged", "validation/ccc/mean": 0.9}
    folder = write_sweep(tmp_path / "plain", [row, lost], [{10: 0.25}, {10: 0.9}])
    table = compare([folder], "ccc/mean", tmp_path / "out")
    assert table.splitlines()[0].startswith("network  validation mean CCC")
    assert table.splitlines()[-1].split()[:2] == ["a", "0.250"] and "0.9" not in table
    assert "plain/001, 'a', seed 1: diverged; it is left out" in caplog.text
    assert len(drawn[0].axes) == 1  # no share but one: no panel for it
    assert compare([folder], "validation/ccc/mean", tmp_path / "again") == table


ROW = {"label": "a", "seed": 0, "ccc/mean": 0.5, "frozen": ""}
COURSE = {10: 0.5}
# The runs of each sweep with their validation curves, and the expected error.
MISTAKES = {
    "no table": ({"s": None}, "s holds no table.csv; run python -m launch.sweep --workdir=.*s first"),
    "no label": ({"s": ([{"seed": 0, "ccc/mean": 1}], ())}, "s/table.csv has no column 'label'"),
    "no score": ({"s": ([{"label": "a", "seed": 0, "pcc/mean": 1, "frozen": ""}], ())}, "its scores are pcc/mean$"),
    "not evaluated": (
        {"s": ([ROW], ()), "t": ([{"label": "b", "seed": 0, "validation/ccc/mean": 1}], ())},
        "t/table.csv has no such column; evaluate its runs like those of the other sweeps",
    ),
    "twice": (
        {"s": ([ROW], [COURSE]), "t": ([ROW], [COURSE])},
        "s/000 and .*t/000 are both 'a', seed 0, with all of the clips; name each sweep once",
    ),
    "odd fold": (
        {"s": ([{**ROW, FOLDS: "half"}], ())},
        "run 000: data.train.rendered.fold.of is 'half'; expected a whole number",
    ),
    "two shares": (
        {"s": ([{**ROW, FOLDS: 2, "data.train.sewa.fold.of": 4}], ())},
        "run 000 uses different fractions of its data sets: 1/4, 1/2",
    ),
    "parts only": ({"s": ([{**ROW, FOLDS: 2}], ())}, "no finished run on all clips in .*s; there is nothing"),
    "no run": ({"s": ([ROW], ())}, "s/000/metrics.jsonl is missing; the folders of the runs must be next to"),
    "no course": ({"s": ([ROW], [{}])}, "s/000/metrics.jsonl has no 'validation/ccc/mean'"),
    "no origin": (
        {"s": ([{**ROW, "initialize.workdir": "{sweep}/007"}], [COURSE])},
        "run 000 starts from {sweep}/007, which is not in the table",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_reported_and_nothing_is_written(case, tmp_path):
    sweeps, message = MISTAKES[case]
    folders = [write_sweep(tmp_path / name, *made) if made else tmp_path / name for name, made in sweeps.items()]
    with pytest.raises(UsageError, match=message):
        compare(folders, "ccc/mean", tmp_path / "out")
    assert not (tmp_path / "out").exists()
