"""What the plot of two groups shows."""

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from affect_jax.report.group_plot import Panel, draw_groups, format_p, plot_groups

SECONDS = np.arange(6) / 2 + 0.25
EDGES = np.array([-0.5, 0.5, 1.5, 2.5])


def band(values):
    values = np.asarray(values, np.float64)
    return values, values - 0.1, values + 0.1


def make_panel(classes=True, clusters=((0.5, 1.5, 0.01), (2.0, 2.5, 0.4))):
    shares = (band([0.5, 0.3, 0.2]), band([0.2, 0.3, 0.5]))
    curves = (band([1, 2, 3, 2, 1, 1]), band([1, 1, 1, np.nan, 1, 1]))
    return Panel("a$b_happy", EDGES, classes, shares, 0.0004, curves, clusters)


def test_shares_curves_and_only_significant_clusters_are_shown():
    figure = plot_groups(["x (4 people)", "$y (5 people)"], SECONDS, [make_panel()], "This is no diagnosis")
    left, right = figure.axes
    heights = [bar.get_height() for bar in left.patches if isinstance(bar, Rectangle)]
    np.testing.assert_allclose(heights, [50, 30, 20, 20, 30, 50])
    assert [label.get_text() for label in left.get_xticklabels()] == ["0", "1", "2"]
    first, second = right.get_lines()[:2]
    np.testing.assert_array_equal(first.get_xydata(), np.stack([SECONDS, [1, 2, 3, 2, 1, 1]], 1))
    assert np.isnan(second.get_ydata()[3])
    spans = [
        each for each in right.patches if isinstance(each, Rectangle | Polygon) and np.isfinite(each.get_xy()).all()
    ]
    assert [(each.get_x(), each.get_x() + each.get_width()) for each in spans] == [(0.5, 1.5)]
    assert [text.get_text() for text in right.texts] == ["p = 0.010"]
    assert right.get_title(loc="right") == "difference of means: p < 0.001"
    assert figure.get_supxlabel().endswith("This is no diagnosis")


def test_bins_have_their_edges_as_ticks_and_p_values_say_that_they_are_corrected(tmp_path):
    panels = [make_panel(classes=False, clusters=()), make_panel()]
    figure = plot_groups(["x", "y"], SECONDS, panels, "w")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["-0.5", "1.5"]
    assert "P values are corrected for 2 columns" in figure.get_supxlabel()
    draw_groups(["x", "y"], SECONDS, panels, "w", tmp_path / "out" / "groups.png")
    assert (tmp_path / "out" / "groups.png").stat().st_size > 20_000


def test_p_values():
    assert [format_p(value) for value in (0.0002, 0.0123, 1.0)] == ["p < 0.001", "p = 0.012", "p = 1.000"]
