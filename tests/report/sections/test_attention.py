"""The plot of where a network looks, read back from the figure."""

import matplotlib.image
import numpy as np

from affect_jax.report.sections.attention import AttendedFace, draw_attention


def face(name, peak, truth=True):
    """A black crop of 32 px whose mask has one value at (row 2, column 5) of its 8 x 8 map."""
    mask = np.zeros((8, 8), np.float32)
    mask[2, 5] = peak
    points = np.tile(np.float32([21.5, 9.5]), (68, 1))
    image = np.zeros((32, 32, 3), np.float32)
    return (
        AttendedFace(name, image, mask, points, points + 1, 0.25, 0.5)
        if truth
        else AttendedFace(name, image, mask, points)
    )


def test_a_map_pixel_is_drawn_over_the_image_pixels_it_covers(drawn, tmp_path):
    draw_attention([face("a.jpg", 2.0), face("b.jpg", 1.0)], tmp_path / "look.png", "NME 0.25")
    assert not list(tmp_path.glob("*.part")) and matplotlib.image.imread(tmp_path / "look.png").std() > 0
    left, right = drawn[0].axes[:2]
    assert left.get_title(loc="left") == "a.jpg" and right.get_title(loc="left") == "NME 0.250, 50% on face"
    truth, predicted = left.get_lines()
    np.testing.assert_array_equal(np.stack(predicted.get_data(), 1), face("a.jpg", 2.0).predicted)
    np.testing.assert_array_equal(np.stack(truth.get_data(), 1), face("a.jpg", 2.0).truth)
    mask = right.get_images()[1]
    x0, x1, y1, y0 = mask.get_extent()
    column, row = 5, 2  # of 8; its middle in picture pixels is (21.5, 9.5), where the landmarks are
    assert (x0 + (column + 0.5) * (x1 - x0) / 8, y0 + (row + 0.5) * (y1 - y0) / 8) == (21.5, 9.5)
    assert [axes.get_images()[1].get_clim() for axes in drawn[0].axes[1:4:2]] == [(0, 2), (0, 2)]  # one scale for all


def test_a_face_without_labels_shows_no_error(drawn, tmp_path):
    draw_attention([face("no/labels/" + 30 * "x", 0.0, truth=False)], tmp_path / "look.png", "no labels")
    left, right = drawn[0].axes
    assert len(left.get_lines()) == 1 and right.get_title(loc="left") == ""
    assert left.get_title(loc="left") == "\u2026" + 24 * "x"
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert labels == ["predicted landmarks", "attention mask: sum of the heatmaps"]


def test_faces_fill_rows_of_four(drawn, tmp_path):
    draw_attention([face(str(number), 1.0) for number in range(5)], tmp_path / "look.png", "five")
    shown = [axes for axes in drawn[0].axes if axes.get_images()]
    assert len(drawn[0].axes) == 16 and len(shown) == 10
