"""Overlay, plot and what they are made of."""

import cv2
import numpy as np
from matplotlib.figure import Figure

from affect_jax.predict import ink
from affect_jax.predict.overlay import Painter, panel_places, panel_unit
from affect_jax.predict.plot import Thumbnails, _draw_lines, plot_series
from affect_jax.predict.series import Row
from affect_jax.predict.spool import Spool

VALUES = np.float32([0.5, -0.25, 0.1, 0.7, 0.2])


def test_rows_come_back_from_the_spool():
    landmarks = np.random.default_rng(0).uniform(0, 99, (68, 2)).astype(np.float32)
    rows = [Row("", 0, 0.25), Row("", 1, 1 / 3, values=VALUES)]
    rows.append(Row("", 2, 0.5, None, (1.5, 2.0, 30.0, 40.0), 0.75, landmarks, VALUES))
    with Spool(len(VALUES)) as spool:
        for row in rows:
            spool.append(row)
        back = list(spool)
    assert [(row.frame, row.time_seconds, row.box, row.score) for row in back] == [
        (row.frame, row.time_seconds, row.box, row.score) for row in rows
    ]
    assert back[0].values is None and back[1].landmarks is None
    np.testing.assert_array_equal(back[2].landmarks, landmarks)
    np.testing.assert_array_equal(back[1].values, VALUES)


def test_thumbnails_are_spread_over_the_recording():
    for length in (1, 5, 8, 33, 1000, 5003):
        thumbnails = Thumbnails(8)
        for time in range(length):
            thumbnails.offer(float(time), np.zeros((2, 2, 3), np.uint8))
        times = [time for time, _ in thumbnails.chosen()]
        assert len(times) == min(8, length) and times[0] == 0 and times == sorted(set(times))
        steps = np.diff(times)
        assert length < 16 or (steps.max() <= 1.5 * steps.min() and times[-1] >= 0.85 * length)


def test_panels_leave_the_face_free_where_they_can():
    unit = panel_unit(640, 360)
    assert unit == 1
    assert panel_places(640, (400.0, 50.0, 200.0, 250.0), unit) == (
        8,
        144,
    )  # both to the left; the right one ends at 284
    assert panel_places(640, (40.0, 50.0, 200.0, 250.0), unit) == (356, 492)  # both to the right
    assert panel_places(640, (220.0, 50.0, 200.0, 250.0), unit) == (8, 492)
    assert panel_unit(1920, 1080) == 3 and panel_unit(200, 400) == 200 / 296


def test_the_dot_stands_where_valence_and_arousal_are():
    image = np.zeros((360, 640, 3), np.uint8)
    landmarks = np.full((68, 2), 500, np.float32)
    row = Row("", 0, 0.0, None, (400.0, 50.0, 200.0, 250.0), 1.0, landmarks, VALUES)
    drawn = Painter(("neutral", "happy", "sad"))(image, row)
    # The circumplex: panel from (8, 210), center (8 + 64, 210 + 60), radius 44; V 0.5 right, A -0.25 down.
    assert tuple(drawn[270 + 11, 72 + 22]) == (255, 209, 102)
    assert not image.any() and drawn.shape == image.shape  # a new picture
    # Bars: panel from x 144, its rows 14 apart from 360 - 64 + 14; "happy" is the likeliest, 0.7 of 64 px long.
    bar_row = drawn[310 + 14, 144 + 68 : 144 + 132]
    assert abs((bar_row[:, 0] == 255).sum() - 0.7 * 64) <= 2


def test_a_ready_crop_stands_beside_its_panels():
    image = np.full((96, 96, 3), 90, np.uint8)
    drawn = Painter(("neutral", "happy", "sad"))(image, Row("", 0, 0.0, values=VALUES))
    assert drawn.shape[0] == 288 and drawn.shape[1] > 400  # three times as large, so that the text can be read
    assert (drawn[:, :288] == 90).all()
    plain = Painter(())(image, Row("", 0, 0.0, values=VALUES[:2]))  # a network without emotions has no bars
    assert (plain[:150] == drawn[:150]).all() and (plain[160:, 288:] == ink.DARK).all()


def test_text_and_shapes_may_lie_outside_the_picture():
    image = np.zeros((20, 20, 3), np.uint8)
    ink.text(image, "far away", 500.0, -80.0, 12)
    ink.panel(image, -200.0, 300.0, 40.0, 40.0)
    ink.circle(image, (1e9, -1e9), 3.0, ink.WHITE)
    assert not image.any()
    ink.text(image, "I", 10.0, 10.0, 16, ink.WHITE, "m")
    columns = np.flatnonzero(image[..., 0].any(0))
    assert 7 <= columns.min() and columns.max() <= 13  # in the middle


def test_lines_break_where_there_is_no_face(tmp_path):
    times = np.arange(10) / 10
    valence = np.linspace(-0.5, 0.5, 10)
    valence[[3, 4, 8]] = np.nan
    series = {"timestamp": times, "valence": valence, "arousal": -valence}
    axes = Figure().add_subplot()
    _draw_lines(axes, series)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), valence)
    np.testing.assert_allclose(axes.lines[1].get_xdata(), [0.9])  # alone between a gap and the end
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    np.testing.assert_allclose(spans, [(0.2, 0.5), (0.7, 0.9)])
    path = tmp_path / "a $b$.png"
    plot_series(path, "a $b$ _x.mp4", series, [(0.1, np.full((8, 8, 3), 77, np.uint8))])
    picture = cv2.imread(str(path))
    assert (picture == 77).all(-1).sum() > 10000  # the face is there
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
