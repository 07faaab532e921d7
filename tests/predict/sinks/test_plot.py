"""Valence and arousal over a recording."""

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks import plot
from affect_jax.predict.sinks.plot import Plot, Thumbnails, _draw_lines, plot_series
from affect_jax.predict.sources import Frame


def test_thumbnails_are_spread_over_the_recording():
    for length in (1, 5, 8, 33, 1000, 5003):
        thumbnails = Thumbnails(8)
        for time in range(length):
            thumbnails.offer(float(time), np.zeros((2, 2, 3), np.uint8))
        times = [time for time, _ in thumbnails.select()]
        assert len(times) == min(8, length) and times[0] == 0 and times == sorted(set(times))
        steps = np.diff(times)
        assert length < 16 or (steps.max() <= 1.5 * steps.min() and times[-1] >= 0.85 * length)


def test_lines_break_where_there_is_no_face(tmp_path):
    times = np.arange(10) / 10
    valence = np.linspace(-0.5, 0.5, 10)
    valence[[3, 4, 8]] = np.nan
    series = {"valence": valence, "arousal": -valence}
    axes = Figure().add_subplot()
    _draw_lines(axes, times, series)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), valence)
    np.testing.assert_allclose(axes.lines[1].get_xdata(), [0.9])  # alone between a gap and the end
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    np.testing.assert_allclose(spans, [(0.2, 0.5), (0.7, 0.9)])
    path = tmp_path / "a $b$.png"
    plot_series(path, "a $b$ _x.mp4", times, series, [(0.1, np.full((8, 8, 3), 77, np.uint8))])
    picture = cv2.imread(str(path))
    assert (picture == 77).all(-1).sum() > 10000  # the face is there
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_plot_is_made_of_the_rows(monkeypatch, tmp_path):
    kept = {}
    monkeypatch.setattr(
        plot, "plot_series", lambda path, title, times, series, faces: kept.update(series, times=times, faces=faces)
    )
    crop = np.full((8, 8, 3), 77, np.uint8)
    rows = [
        Row("a.mp4", 0, 0.25, crop, values={"valence_arousal": np.float32([0.5, -0.25])}, face=0),
        Row("a.mp4", 1, 1 / 3),
    ]
    with Plot(tmp_path / "a.png", "a.mp4", ("valence_arousal", "emotion"), "tiny_3", crops=True) as sink:
        for index, row in enumerate(rows):
            sink.write(Frame("a.mp4", index, row.time_seconds, None), [row])
    np.testing.assert_array_equal(kept["times"], [0.25, 1 / 3])
    np.testing.assert_array_equal(kept["valence"], [0.5, np.nan])
    np.testing.assert_array_equal(kept["arousal"], [-0.25, np.nan])
    assert kept["faces"] == [(0.25, crop)] and sink.files == [tmp_path / "a.png"]


def test_a_quantity_of_another_range_is_not_cut_off():
    axes = Figure().add_subplot()
    _draw_lines(axes, np.array([0.0, 1.0]), {"left": np.array([0.5, 5.0]), "right": np.array([np.nan, 2.0])})
    assert axes.get_ylim()[0] == pytest.approx(-1.15) and axes.get_ylim()[1] == pytest.approx(5.15)
    colors = {line.get_color() for line in axes.lines[:4]}
    assert len(colors) == 2  # each has one of its own


def test_lines_do_not_run_from_one_face_to_another(monkeypatch, tmp_path):
    kept = {}
    monkeypatch.setattr(plot, "plot_series", lambda path, title, times, series, faces: kept.update(series, times=times))
    crop = np.zeros((8, 8, 3), np.uint8)
    with Plot(tmp_path / "a.png", "a.mp4", ("valence_arousal",), "tiny_3") as sink:
        for index, face in enumerate((0, 0, 1)):
            values = {"valence_arousal": np.float32([0.5, -0.25])}
            sink.write(
                Frame("a.mp4", index, float(index), None),
                [Row("a", index, float(index), crop, values=values, face=face)],
            )
    np.testing.assert_array_equal(kept["times"], [0, 1, 2, 2])
    np.testing.assert_array_equal(kept["valence"], [0.5, 0.5, np.nan, 0.5])
