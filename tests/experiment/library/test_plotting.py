"""Plots in a notebook."""

import cv2
import numpy as np
import polars
import pytest
from matplotlib.colors import to_rgb

from affect_jax import plot, predict_video
from affect_jax.draw.colors import AROUSAL, NO_FACE, VALENCE


def test_a_notebook_shows_the_plot_of_a_table(model, film):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    gap = polars.col("frame").is_between(4, 6)
    values = ("valence", "arousal")
    table = table.with_columns(polars.when(gap).then(None).otherwise(name).alias(name) for name in values)
    picture = cv2.imdecode(np.frombuffer(plot(table)._repr_png_(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    for color in (VALENCE.on_white, AROUSAL.on_white, NO_FACE):
        assert (np.abs(picture - 255 * np.array(to_rgb(color))).max(-1) < 3).sum() > 200, color
    assert plot(table, "An interview").axes[0].get_title("left") == "An interview"
    assert plot(table).axes[0].get_title("left") == "a film.mp4"


def test_faces_that_are_there_at_once_have_a_line_each(model, film):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    second = table.filter(polars.col("frame") > 5).with_columns(
        face=polars.lit(1, polars.Int64), valence=-polars.col("valence")
    )
    figure = plot(polars.concat([table, second]).sort("frame", "face"))
    valence, arousal = figure.axes
    lines = {line.get_label(): line for line in valence.get_lines()}
    np.testing.assert_allclose(lines["face 0"].get_ydata(), table["valence"].to_numpy())
    np.testing.assert_allclose(lines["face 1"].get_ydata()[6:], second["valence"].to_numpy())
    assert np.isnan(lines["face 1"].get_ydata()[:6]).all() and arousal.get_ylabel() == "arousal"


def test_the_line_breaks_where_another_face_follows(model, film):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    table = table.with_columns(face=(polars.col("frame") > 5).cast(int))
    line = plot(table).axes[0].get_lines()[0]
    assert np.isnan(line.get_ydata()).tolist() == [False] * 6 + [True] + [False] * 4


def test_what_cannot_be_plotted(model, film):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    two = polars.concat([table, table.with_columns(source=polars.lit("other.mp4"))])
    with pytest.raises(ValueError, match=r"holds 2 recordings or images; select one, .*'a film.mp4'\)"):
        plot(two)
    with pytest.raises(ValueError, match="the table has no rows"):
        plot(table.head(0))
    with pytest.raises(ValueError, match="the table has no column valence or arousal"):
        plot(table.drop("valence", "arousal"))
    with pytest.raises(ValueError, match="the table has no column time_seconds"):
        plot(table.drop("time_seconds"))
