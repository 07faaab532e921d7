"""Means over people, and differences by person."""

import numpy as np
import pytest

from affect_jax.report.adaptation import SCORES, interval, question_table, score_table, share_tables, summarize

CCC = {  # by method, of two people of each of two seeds
    "none": [0.5, 0.6, 0.4, 0.7],
    "ridge": [0.55, 0.55, 0.5, 0.7],
    "bias_scale": [0.5, 0.5, 0.5, 0.5],
    "prior": [0.6, 0.66, 0.52, 0.78],
}


@pytest.fixture
def rows():
    rows = []
    for method, values in CCC.items():
        for place, value in enumerate(values):
            row = {"seed": place // 2, "method": method, "protocol": "block", "neutral": "0", "share": "0.05"}
            rows.append({**row, "subject": f"p{place % 2}", **dict.fromkeys(SCORES, str(value))})
    return rows


@pytest.fixture
def lines(rows):
    return summarize(rows)


def test_the_differences_that_are_asked_for(rows, lines):
    prior = next(line for line in lines if line["method"] == "prior")
    table = question_table(rows)
    assert [row["difference"] for row in table] == ["prior - ridge", "prior - bias scale"]
    assert table[0] == {
        "difference": "prior - ridge",
        "given": "labels of a block",
        "5%": interval(prior, "to_simple", "+"),
    }
    assert table[1]["5%"].startswith("+0.140 [")


def test_means_and_differences_by_person(lines):
    found = {line["method"]: line for line in lines}
    for method, values in CCC.items():
        line = found[method]
        assert line["people"] == 4 and line["share"] == 0.05 and line["best_simple"] == "ridge"
        np.testing.assert_allclose(line["ccc/mean"], np.mean(values), rtol=1e-12)
        np.testing.assert_allclose(line["to_base"], np.mean(values) - np.mean(CCC["none"]), atol=1e-12)
        assert min(values) <= line["ccc/mean/low"] <= line["ccc/mean"] <= line["ccc/mean/high"] <= max(values)
    prior = found["prior"]
    np.testing.assert_allclose(prior["to_simple"], (0.05 + 0.11 + 0.02 + 0.08) / 4, atol=1e-12)
    assert 0.02 <= prior["to_simple/low"] <= prior["to_simple/high"] <= 0.11 and prior["to_simple/better"] == 1
    assert "to_simple" not in found["ridge"]
    # Means of the two seeds: 0.63 and 0.65; the mean has a standard error of 0.01, and t(0.975, 1) is 12.706.
    np.testing.assert_allclose(prior["seed_half_width"], 0.01 * 12.7062, rtol=1e-4)


def test_tables_for_a_page(lines):
    table = share_tables(lines)
    assert list(table) == ["labels of a block"]
    assert [row["method"] for row in table["labels of a block"]] == ["none", "ridge", "bias scale", "prior"]
    assert table["labels of a block"][3]["5%"] == interval(lines[3], "ccc/mean")
    assert interval({"x": 0.1, "x/low": -0.05, "x/high": 0.25}, "x", "+") == "+0.100 [-0.050, +0.250]"
    rows = {row["method"]: row for row in score_table(lines, "block", "0", 0.05)}
    assert rows["ridge"]["CCC, difference to the best simple"] == ""
    assert rows["prior"]["CCC, difference to none"].startswith("+0.090 [")
    assert score_table(lines, "block", "1", 0.05) == []
