"""Several faces over a recording."""

import cv2
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from affect_jax.draw.colors import FACES
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks import plot, plot_of_faces
from affect_jax.predict.sinks.plot import Plot
from affect_jax.predict.sources import Frame


def test_the_faces_in_most_frames_are_drawn_each_in_its_color(monkeypatch, tmp_path):
    figures = []
    monkeypatch.setattr(plot_of_faces, "to_png", lambda figure: figures.append(figure) or b"")
    times = np.arange(20) / 10
    series = {}
    for face in range(9):
        valence = np.where(np.arange(20) < 2 + 2 * face, face / 10, np.nan)  # the last ones are seen longest
        series[face] = {"valence": valence, "arousal": -valence}
    plot_of_faces.plot_faces(tmp_path / "a.png", "film", times, series)
    (figure,) = figures
    assert isinstance(figure, Figure)
    upper, lower = figure.axes
    drawn = [line for line in upper.lines if line.get_label().startswith("face")]
    assert [line.get_label() for line in drawn] == [f"face {face}" for face in range(3, 9)]
    assert [line.get_color() for line in drawn] == [FACES[face % len(FACES)].on_white for face in range(3, 9)]
    np.testing.assert_array_equal(lower.lines[0].get_ydata(), series[3]["arousal"])
    assert upper.get_title(loc="left") == "film; 3 more faces in fewer frames are not drawn"


def test_faces_that_are_there_at_once_have_lines_of_their_own(tmp_path, monkeypatch):
    kept = {}
    monkeypatch.setattr(plot, "plot_faces", lambda path, title, times, series: kept.update(series, times=times))
    with Plot(tmp_path / "a.png", "a.mp4", ("valence_arousal",), "tiny_3") as sink:
        for index, faces in enumerate([(0,), (0, 1), (), (1,)]):
            rows = [
                Row("a", index, float(index), face=face, values={"valence_arousal": np.float32([face / 2, index / 4])})
                for face in faces
            ]
            sink.write(Frame("a.mp4", index, float(index), None), rows or [Row("a", index, float(index))])
    np.testing.assert_array_equal(kept["times"], [0, 1, 2, 3])
    np.testing.assert_array_equal(kept[0]["arousal"], [0, 0.25, np.nan, np.nan])
    np.testing.assert_array_equal(kept[1]["arousal"], [np.nan, 0.25, np.nan, 0.75])
    np.testing.assert_array_equal(kept[1]["valence"], [np.nan, 0.5, np.nan, 0.5])


def test_the_file_shows_the_colors(tmp_path):
    series = {face: {"valence": np.full(9, face / 2), "arousal": np.full(9, -face / 2)} for face in (0, 1)}
    plot_of_faces.plot_faces(tmp_path / "a.png", "film", np.arange(9.0), series)
    image = cv2.imread(str(tmp_path / "a.png"))[..., ::-1] / 255
    for face in (0, 1):
        color = np.array(to_rgb(FACES[face].on_white))
        assert (np.abs(image - color).max(-1) < 0.02).sum() > 500


def test_intensities_of_several_faces_have_their_own_scale():
    names = [f"intensity_{name}" for name in ("happy", "sad", "fear", "anger")]
    series = {face: {name: np.full(9, 3.0 + face) for name in names} for face in (0, 1)}
    figure = plot_of_faces.draw_faces("film", np.arange(9.0), series)
    assert [axes.get_ylabel() for axes in figure.axes] == ["happy intensity", "sad intensity", "fear intensity",
                                                           "anger intensity"]  # fmt: skip
    for axes in figure.axes:
        np.testing.assert_allclose(axes.get_ylim(), (-0.25, 10.25))
        assert axes.get_yticks().tolist() == [0, 5, 10]
