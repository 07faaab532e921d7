"""What is drawn on an image, and where."""

import numpy as np

from affect_jax.draw import colors
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.painter import Painter, panel_place, panel_places, panel_unit

VALUES = {"valence_arousal": np.float32([0.5, -0.25]), "emotion": np.float32([0.1, 0.7, 0.2])}


def test_panels_leave_the_face_free_where_they_can():
    unit = panel_unit(640, 360)
    assert unit == 1
    assert panel_places(640, (400.0, 50.0, 200.0, 250.0), unit) == (
        8,
        144,
    )  # both to the left; the right one ends at 284
    assert panel_places(640, (40.0, 50.0, 200.0, 250.0), unit) == (356, 492)  # both to the right
    assert panel_places(640, (220.0, 50.0, 200.0, 250.0), unit) == (8, 492)
    assert panel_place(640, (300.0, 50.0, 200.0, 250.0), unit) == 8
    assert panel_place(640, (200.0, 50.0, 200.0, 250.0), unit) == 492  # a single panel on the side with more room
    assert panel_unit(1920, 1080) == 3 and panel_unit(200, 400) == 200 / 296


def test_the_dot_stands_where_valence_and_arousal_are():
    image = np.zeros((360, 640, 3), np.uint8)
    landmarks = np.full((68, 2), 500, np.float32)
    row = Row("", 0, 0.0, None, (400.0, 50.0, 200.0, 250.0), 1.0, landmarks, VALUES, face=0)
    drawn = Painter("tiny_3")(image, [row])
    # The circumplex: panel from (8, 210), center (8 + 64, 210 + 60), radius 44; V 0.5 right, A -0.25 down.
    assert tuple(drawn[270 + 11, 72 + 22]) == colors.PREDICTED
    assert not image.any() and drawn.shape == image.shape  # a new image
    # Bars: panel from x 144, its rows 14 apart from 360 - 64 + 14; "happy" is the likeliest, 0.7 of 64 px long.
    bar_row = drawn[310 + 14, 144 + 68 : 144 + 132]
    assert abs((bar_row == colors.EMOTION.on_image).all(-1).sum() - 0.7 * 64) <= 2


def test_a_ready_crop_stands_beside_its_panels():
    image = np.full((96, 96, 3), 90, np.uint8)
    drawn = Painter("tiny_3")(image, [Row("", 0, 0.0, values=VALUES, face=0)])
    assert drawn.shape[0] == 288 and drawn.shape[1] > 400  # three times as large, so that the text can be read
    assert (drawn[:, :288] == 90).all()
    plain = Painter("tiny_3")(
        image, [Row("", 0, 0.0, values={"valence_arousal": VALUES["valence_arousal"]}, face=0)]
    )  # a network without emotions has no bars
    assert (plain[:150] == drawn[:150]).all() and (plain[160:, 288:] == colors.DARK).all()


def test_a_new_face_has_no_trail_of_the_last_one():
    image = np.zeros((360, 640, 3), np.uint8)
    landmarks = np.full((68, 2), 500, np.float32)

    def row(face, valence):
        values = {"valence_arousal": np.float32([valence, 0.0])}
        return Row("", 0, 0.0, None, (400.0, 50.0, 200.0, 250.0), 1.0, landmarks, values, face=face)

    paint = Painter("tiny_3")
    for valence in (-0.9, -0.8, -0.7):
        paint(image, [row(0, valence)])
    np.testing.assert_array_equal(paint(image, [row(1, 0.5)]), Painter("tiny_3")(image, [row(0, 0.5)]))


def test_several_faces_have_colors_points_and_trails_of_their_own():
    image = np.zeros((360, 640, 3), np.uint8)
    landmarks = np.full((68, 2), 500, np.float32)

    def row(face, left, valence):
        values = {**VALUES, "valence_arousal": np.float32([valence, 0.0])}
        return Row("", 0, 0.0, None, (left, 150.0, 60.0, 80.0), 1.0, landmarks, values, face=face)

    drawn = Painter("tiny_3")(image, [row(0, 250.0, 0.5), row(4, 450.0, -0.5)])
    for face, left, x in ((0, 250, 8 + 64 + 22), (4, 450, 8 + 64 - 22)):
        color = colors.FACES[face].on_image
        np.testing.assert_array_equal(drawn[360 - 150 + 60, x], color)  # the point in the circumplex
        corner = drawn[149:152, left : left + 9]
        assert (np.abs(corner.astype(int) - color).max(-1) < 60).any()


def test_colors_stay_once_there_were_several_faces():
    image = np.zeros((360, 640, 3), np.uint8)
    landmarks = np.full((68, 2), 340, np.float32)
    row = lambda face: Row("", 0, 0.0, None, (300.0, 150.0, 60.0, 80.0), 1.0, landmarks, VALUES, face=face)
    paint = Painter("tiny_3")
    alone = paint(image, [row(0)])
    paint(image, [row(0), row(1)])
    after = paint(image, [row(0)])
    np.testing.assert_array_equal(alone[340, 340], colors.PREDICTED)
    np.testing.assert_array_equal(after[340, 340], colors.FACES[0].on_image)


def test_a_network_of_intensities_has_bars_alone():
    image = np.zeros((360, 640, 3), np.uint8)
    landmarks = np.full((68, 2), 500, np.float32)
    values = {"intensity_happy": np.float32([7.5]), "intensity_anger": np.float32([2.5])}
    row = Row("", 0, 0.0, None, (400.0, 50.0, 200.0, 250.0), 1.0, landmarks, values, face=0)
    drawn = Painter("tiny_3")(image, [row])
    # A panel of three lines, 56 high, from (8, 296); its bars begin at 68 and are 38 long, and the first line is a
    # heading.
    for y, tenths in ((296 + 28, 0.75), (296 + 42, 0.25)):
        bar = drawn[y, 8 + 68 : 8 + 132]
        assert abs((bar == colors.EMOTION.on_image).all(-1).sum() - tenths * 38) <= 2
    assert not drawn[:290, :380].any()  # no circumplex
    beside = Painter("tiny_3")(np.full((96, 96, 3), 90, np.uint8), [Row("", 0, 0.0, values=values, face=0)])
    assert (beside[150:, 288:] == colors.DARK).all() and (beside[:60, 288:] != colors.DARK).any()
