import numpy as np

from affect_jax.draw import colors
from affect_jax.draw.contact_sheet import COLUMNS, GAP_PX, HEADING_PX, TILE_PX, Section, draw_sheet, make_tile


def test_points_and_square_shrink_with_the_image():
    # 640 px become 160: a quarter. Pixel centers lie at integers: (401.5 + 0.5) / 4 - 0.5 = 100.
    tile = make_tile(np.zeros((480, 640, 3), np.uint8), "a", np.array([[401.5, 201.5]]), (80.0, 40.0, 320.0))
    assert tile.image.shape == (120, 160, 3)
    np.testing.assert_allclose(tile.points, [[100, 50]])
    assert tile.square == (20.0, 10.0, 80.0)


def test_tiles_are_drawn_in_the_middle_of_their_places():
    image = np.full((120, 160, 3), 200, np.uint8)
    marked = make_tile(image, "b", np.array([[40.0, 30.0]]))
    page = draw_sheet([Section("none", []), Section("two", [make_tile(image, "a"), marked])])
    assert page.shape[1] == COLUMNS * (TILE_PX + GAP_PX) + GAP_PX
    left, top = GAP_PX + TILE_PX + GAP_PX, 2 * HEADING_PX + (TILE_PX - 120) // 2
    np.testing.assert_array_equal(page[top + 30, left + 40], colors.PREDICTED)
    np.testing.assert_array_equal(page[top + 60, left + 80], [200, 200, 200])
    np.testing.assert_array_equal(page[top - 5, left + 40], colors.TRACK)  # above the image, inside its tile
    np.testing.assert_array_equal(page[top + 30, GAP_PX + 40], [200, 200, 200])  # the first tile has no points


def test_more_tiles_than_columns_go_on_below():
    tile = make_tile(np.full((160, 160, 3), 90, np.uint8), "S005/001/S005_001_00000001.png")
    one = draw_sheet([Section("few", [tile] * COLUMNS)])
    two = draw_sheet([Section("more", [tile] * (COLUMNS + 1))])
    assert two.shape[0] - one.shape[0] == one.shape[0] - HEADING_PX - GAP_PX
    captions = one[HEADING_PX + TILE_PX : -GAP_PX]
    assert captions[:, GAP_PX : GAP_PX + TILE_PX].max() > 150  # they are written, but not into those beside them
    assert (captions[:, GAP_PX + TILE_PX : 2 * GAP_PX + TILE_PX] == colors.DARK).all()
