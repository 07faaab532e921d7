"""Views and colors of a scene by hand."""

import numpy as np
import pytest

from affect_jax.faces.scene import colors, common_part, correlation, same_colors_limit, same_image_limit, view_around


def test_a_view_does_not_depend_on_brightness():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 100, (48, 64, 3), dtype=np.uint8)
    place = (0.25, 0.25, 0.5, 0.5)
    view = view_around(image, place)
    assert correlation(view, view_around(image + 50, place)) == pytest.approx(1, abs=1e-3)
    assert correlation(view, view_around(image[::-1].copy(), place)) < 0.5
    assert correlation(np.zeros((2, 2)), np.ones((2, 2))) == 1  # flat


def test_colors_do_not_depend_on_places():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, :16] = (255, 0, 0)
    moved = np.roll(image, 24, axis=1)
    counts = colors(image)
    assert counts.sum() == pytest.approx(1) and counts[7, 0, 0] == 0.25 and counts[0, 0, 0] == 0.75
    assert common_part(counts, colors(moved)) == 1
    assert common_part(counts, colors(np.full((64, 64, 3), 255, np.uint8))) == 0
    assert common_part(counts, colors(np.zeros((64, 64, 3), np.uint8))) == 0.75


def test_frames_far_apart_may_differ_more():
    for limit in (same_colors_limit, same_image_limit):
        assert limit(0.04) > limit(0.5)
