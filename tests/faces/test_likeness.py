"""How much two faces differ."""

import numpy as np
import pytest

from affect_jax.faces.geometry_signature import NAMES
from affect_jax.faces.likeness import SPREAD, difference


def test_the_difference_is_counted_in_spreads():
    first = np.linspace(-1, 1, 10)
    assert difference(first, first) == 0 and len(NAMES) == len(SPREAD)
    assert difference(first, first + 2 * SPREAD) == difference(first, first - 2 * SPREAD) == pytest.approx(2)
    one = first + np.eye(10)[3] * SPREAD  # sqrt(1 / 10)
    assert difference(one, first) == pytest.approx(0.316228, abs=1e-6)
