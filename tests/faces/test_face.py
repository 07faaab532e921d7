"""Boxes by hand."""

import pytest

from affect_jax.faces.face import overlap


def test_overlap_by_hand():
    square = (0.0, 0.0, 2.0, 2.0)
    assert overlap(square, (1.0, 0.0, 2.0, 2.0)) == pytest.approx(2 / 6)
    assert overlap(square, (2.0, 0.0, 2.0, 2.0)) == 0 == overlap((0.0,) * 4, (0.0,) * 4)
    assert overlap(square, square) == 1
