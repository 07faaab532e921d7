"""The lines of one face: gaps, scales, and a panel for each quantity."""

import itertools

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from affect_jax.draw.colors import EMOTION
from affect_jax.predict.sinks.lines import _draw_lines, draw_series
from affect_jax.predict.sinks.plot import plot_series
from affect_jax.quantities.registry import QUANTITIES, quantity

INTENSITIES = [name for name in QUANTITIES if name.startswith("intensity_")]


def test_lines_break_where_there_is_no_face(tmp_path):
    times = np.arange(10) / 10
    valence = np.linspace(-0.5, 0.5, 10)
    valence[[3, 4, 8]] = np.nan
    series = {"valence": valence, "arousal": -valence}
    axes = Figure().add_subplot()
    _draw_lines(axes, times, series, quantity("valence_arousal"))
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), valence)
    np.testing.assert_allclose(axes.lines[1].get_xdata(), [0.9])  # alone between a gap and the end
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    np.testing.assert_allclose(spans, [(0.2, 0.5), (0.7, 0.9)])
    path = tmp_path / "a $b$.png"
    plot_series(path, "a $b$ _x.mp4", times, series, [(0.1, np.full((8, 8, 3), 77, np.uint8))])
    picture = cv2.imread(str(path))
    assert (picture == 77).all(-1).sum() > 10000  # the face is there
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_quantity_of_another_range_is_not_cut_off():
    axes = Figure().add_subplot()
    series = {"left": np.array([0.5, 5.0]), "right": np.array([np.nan, 2.0])}
    _draw_lines(axes, np.array([0.0, 1.0]), series, quantity("valence_arousal"))
    assert axes.get_ylim()[0] == pytest.approx(-1.15) and axes.get_ylim()[1] == pytest.approx(5.15)
    colors = {line.get_color() for line in axes.lines[:4]}
    assert len(colors) == 2  # each has one of its own


def test_six_intensities_have_a_panel_each_and_valence_and_arousal_share_one():
    times = np.arange(20) / 10
    intensities = {name: np.full(20, 2.0 + place) for place, name in enumerate(INTENSITIES)}
    assert len(intensities) == 6
    affect = {"valence": np.full(20, 0.5), "arousal": np.full(20, -0.5)}
    figure = draw_series("film", times, intensities | affect, [(0.5, np.zeros((8, 8, 3), np.uint8))])
    first, *panels = figure.axes[:7]
    assert [line.get_ydata()[0] for line in first.lines[::2]] == [0.5, -0.5, 0]
    for panel, (name, values) in zip(panels, intensities.items(), strict=True):
        assert panel.get_ylabel() == f"{name.removeprefix('intensity_')} intensity"
        assert panel.lines[0].get_ydata()[0] == values[0] and panel.lines[0].get_color() == EMOTION.on_white
        assert panel.get_yticks().tolist() == [0, 5, 10] and panel.get_ylim() == pytest.approx((-0.25, 10.25))
    heights = [axes.get_position() for axes in figure.axes]
    assert all(upper.y0 > lower.y1 for upper, lower in itertools.pairwise(heights[:8]))  # none overlap
    assert [axes.get_xlabel() for axes in figure.axes[:7]] == [""] * 6 + ["time (s)"]


def test_one_intensity_has_the_scale_from_0_to_10():
    figure = draw_series("film", np.arange(5.0), {"intensity_happy": np.array([3.0, 4.0, 3.0, 4.0, 3.0])}, [])
    (panel,) = figure.axes
    assert panel.get_ylim() == pytest.approx((-0.25, 10.25)) and panel.get_yticks().tolist() == [0, 2, 4, 6, 8, 10]
    assert panel.get_title("left") == "film" and panel.get_ylabel() == "happy intensity"
