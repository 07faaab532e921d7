"""The charted quantities over a recording."""

import numpy as np

from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks import plot
from affect_jax.predict.sinks.plot import Plot, Thumbnails
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


def test_a_network_of_intensities_has_a_plot_of_what_it_rates(monkeypatch, tmp_path):
    kept = {}
    monkeypatch.setattr(plot, "plot_series", lambda path, title, times, series, faces: kept.update(series))
    values = {"intensity_happy": np.float32([7.5]), "intensity_anger": np.float32([0.25])}
    with Plot(tmp_path / "a.png", "a.mp4", tuple(values), "tiny_3") as sink:
        sink.write(Frame("a.mp4", 0, 0.0, None), [Row("a", 0, 0.0, values=values, face=0)])
        sink.write(Frame("a.mp4", 1, 0.1, None), [Row("a", 1, 0.1)])
    assert list(kept) == ["intensity_happy", "intensity_anger"] and sink.files == [tmp_path / "a.png"]
    np.testing.assert_array_equal(kept["intensity_happy"], [7.5, np.nan])
