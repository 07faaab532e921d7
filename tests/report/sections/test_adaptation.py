"""The plot of ways of adapting: what stands where."""

import numpy as np

from affect_jax.report.adaptation import SCORES
from affect_jax.report.sections.adaptation import SPREAD, draw_adaptation

METHODS = ("none", "ridge", "prior")
SHARES = (0.0, 0.05, 0.2)


def line(protocol, neutral, share, method):
    value = {"none": 0.5, "ridge": 0.55, "prior": 0.6}[method] + (share if method != "none" else 0)
    found = {"protocol": protocol, "neutral": neutral, "share": share, "method": method}
    for place, name in enumerate(SCORES):
        found |= {name: value - 0.01 * place, f"{name}/low": value - 0.1, f"{name}/high": value + 0.2}
    return found


def test_a_panel_for_each_score_and_protocol_with_bars_for_the_main_score(drawn, tmp_path):
    lines = []
    for protocol, neutral in (("random", "0"), ("block", "1"), ("random", "1"), ("none", "1")):
        for share in SHARES:
            if protocol != "block" or share:
                lines += [line(protocol, neutral, share, method) for method in METHODS]
    draw_adaptation(lines, tmp_path / "adaptation.png")
    assert (tmp_path / "adaptation.png").read_bytes().startswith(b"\x89PNG")
    grid = drawn[0].axes
    assert [axes.get_title("left") for axes in grid[:2]] == [
        "labels at random times",
        "labels of a block, neutral face",
    ]
    assert [axes.get_ylabel() for axes in grid[::2]] == ["CCC", "ICC(3,1)", "PCC", "RMSE"] and len(grid) == 8
    curves = {each.get_label(): each for each in grid[1].get_lines()}
    np.testing.assert_allclose(curves["no adaptation"].get_ydata(), 0.5)
    np.testing.assert_allclose(curves["prior"].get_ydata(), [0.6, 0.65, 0.8])  # the first is of the neutral face alone
    np.testing.assert_allclose(curves["prior"].get_xdata(), np.arange(3) + SPREAD / 4)  # the second of two
    ends = np.array([segment for bars in grid[1].collections for segment in bars.get_segments()])
    np.testing.assert_allclose(ends[:, 1, 1] - ends[:, 0, 1], 0.3)
    assert not grid[3].collections  # bars of the main score only
    np.testing.assert_allclose(grid[1].get_ylim(), [0.5 - 1.25 * 0.3, 0.5 + 1.25 * 0.3])
    rmse = {each.get_label(): each for each in grid[7].get_lines()}
    np.testing.assert_allclose(rmse["ridge"].get_ydata(), np.array([0.55, 0.6, 0.75]) - 0.04)
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == ["no adaptation", "ridge", "prior"]
    styles = {(curves[name].get_color(), curves[name].get_marker()) for name in ("ridge", "prior")}
    assert len(styles) == 2
