"""Text and shapes on an image."""

import numpy as np

from affect_jax.draw import colors, ink


def test_text_and_shapes_may_lie_outside_the_image():
    image = np.zeros((20, 20, 3), np.uint8)
    ink.text(image, "far away", 500.0, -80.0, 12)
    ink.panel(image, -200.0, 300.0, 40.0, 40.0)
    ink.circle(image, (1e9, -1e9), 3.0, colors.WHITE)
    assert not image.any()
    ink.text(image, "I", 10.0, 10.0, 16, colors.WHITE, "m")
    columns = np.flatnonzero(image[..., 0].any(0))
    assert 7 <= columns.min() and columns.max() <= 13  # in the middle
