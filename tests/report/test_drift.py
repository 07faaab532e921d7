"""What the plot of daily expressiveness shows."""

import datetime

import numpy as np
import pytest
from matplotlib import image as images
from matplotlib.collections import PathCollection

from affect_jax.report.drift import draw_drift, plot_drift


def rows(days, alarms=()):
    found = []
    for number, day in enumerate(days):
        row = {"day": day, "expressiveness": 0.3 + 0.02 * number, "ratio": 1.0, "low": 0.2, "high": 0.5}
        found.append({**row, "alarm_day": int(day in alarms), "alarm_lasting": 0})
    return found


def points(figure):
    """The heights of the markers by their label."""
    (axes,) = figure.axes
    found = [each for each in axes.collections if isinstance(each, PathCollection)]
    return {each.get_label(): np.asarray(each.get_offsets())[:, 1].tolist() for each in found}


def test_every_day_stands_at_its_value_and_alarms_are_marked():
    later = rows(["2026-03-09", "2026-03-12"], alarms=["2026-03-12"])
    figure = plot_drift("anna", [("2026-03-01", 0.31), ("2026-03-02", 0.33)], later, "no diagnosis")
    assert points(figure) == {
        "baseline": [0.31, 0.33],
        "later days": [0.3, 0.32],
        "unusual day": [0.32],
    }
    (axes,) = figure.axes
    assert axes.get_yscale() == "log" and figure.get_supxlabel() == "no diagnosis"
    low, high = axes.xaxis.convert_units([datetime.date(2026, 3, 1), datetime.date(2026, 3, 12)])
    assert axes.get_xlim()[0] < low < high < axes.get_xlim()[1]


def test_days_without_dates_stand_in_order_and_are_named():
    figure = plot_drift("a$b_", [("day 001", 0.31), ("day 002", 0.33)], rows(["day 003"]), "w")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["day 001", "day 002", "day 003"]
    assert axes.get_title(loc="left") == "a$b_: expressiveness by day"


@pytest.mark.parametrize("missing", [float("nan")])
def test_days_that_cannot_be_compared_are_left_out(missing, tmp_path):
    later = rows(["day 003", "day 004"])
    later[0] |= {"ratio": missing, "expressiveness": missing}
    assert points(plot_drift("anna", [("day 001", 0.31)], later, "w"))["later days"] == [0.32]
    draw_drift("anna", [("day 001", 0.31)], later, "w", tmp_path / "drift.png")
    assert np.ptp(images.imread(tmp_path / "drift.png")) > 0.5
