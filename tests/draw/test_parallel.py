"""Where curves, ticks and labels of parallel coordinates are, computed by hand."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from affect_jax.draw import parallel
from affect_jax.draw.parallel import COLORS, Option, draw_parallel


def curves(figure):
    """The points of the curves at the axes, with their colors and line styles, from the first drawn."""
    found = []
    for line in figure.axes[0].get_lines():
        places, heights = line.get_data()
        if len(places) > 2:
            whole = [float(heights[np.argmin(np.abs(places - at))]) for at in range(round(places[-1]) + 1)]
            found.append((whole, to_hex(line.get_color()), line.get_linestyle()))
    return found


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_run_crosses_each_axis_at_its_value_and_ends_at_its_score_in_its_color():
    options = [Option("optimizer.rate", [0.001, 0.1, 0.01], log=True), Option("model.rank", [2, 4, 6])]
    figure = draw_parallel(options, [0.25, 0.75, None], ("mean CCC", "validation"), "3 runs")
    (lost, lost_color, dash), low, high = curves(figure)
    assert lost == pytest.approx([0.5, 1]) and (lost_color, dash) == ("#7a7a7a", "--")
    assert low[:2] == (pytest.approx([0, 0, 0]), to_hex(COLORS(0.0)))
    assert high[:2] == (pytest.approx([1, 0.5, 1]), to_hex(COLORS(1.0)))  # drawn last, above the others
    assert {"rate", "optimizer", "rank", "model", "mean CCC", "validation", "0.001", "0.250", "0.750"} <= {
        *texts(figure)
    }
    assert figure.get_suptitle() == "3 runs"


def test_choices_have_places_of_their_own_at_which_runs_are_fanned_out_by_score():
    figure = draw_parallel([Option("form", ["a", "b", "a"])], [1.0, 2.0, 3.0], ("s", ""), "")
    heights = {score[0][1]: score[0][0] for score in curves(figure)}
    assert heights[0.0] == pytest.approx(0.07 - 0.035) and heights[1.0] == pytest.approx(0.07 + 0.035)
    assert heights[0.5] == pytest.approx(0.93)


@pytest.mark.parametrize(
    ("option", "labels"),
    [
        (Option("a", [1, 2, 5]), ["1", "2", "5"]),
        (Option("a", [2, 3, 5, 7, 9, 11, 16]), ["3", "6", "9", "12", "15"]),
        (Option("a", [1e-5, 3e-4, 1e-4, 2e-3, 1e-2, 1e-1], log=True), ["1e-05", "0.0001", "0.001", "0.01", "0.1"]),
        (Option("a", ["x", "y"]), ["x", "y"]),
    ],
)
def test_the_ticks_of_an_axis_are_round_numbers_or_the_values_themselves(option, labels):
    found = parallel._ticks(option)
    assert [label for _, label in found] == labels
    assert all(0 <= height <= 1 for height, _ in found)


def test_no_score_at_all_is_said():
    figure = draw_parallel([Option("a", [1, 2])], [None, None], ("s", ""), "")
    assert "no score" in texts(figure) and len(curves(figure)) == 0


def test_equal_scores_end_in_the_middle():
    figure = draw_parallel([Option("a", [1, 2])], [0.5, 0.5], ("s", ""), "")
    assert [heights[-1] for heights, *_ in curves(figure)] == pytest.approx([0.5, 0.5])
