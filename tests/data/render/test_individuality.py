"""What is personal in a face, exaggerated or removed."""

import numpy as np
import pytest

from affect_jax.data.render.affect import UNIT
from affect_jax.data.render.identity import draw_identity
from affect_jax.data.render.individuality import draw_person

CLOSED = UNIT[43]


@pytest.mark.parametrize("subject", [0, 7])
def test_personal_traits_are_scaled_about_the_average_person(subject):
    usual, strong = draw_identity(0, subject), draw_person(0, subject, 2.0, 1.0)
    others = np.arange(len(usual.expressiveness)) != CLOSED
    log_ratio = np.log(strong.expressiveness[others]) / np.log(usual.expressiveness[others])
    np.testing.assert_allclose(log_ratio, 2)
    np.testing.assert_allclose(strong.asymmetry, 2 * usual.asymmetry)
    np.testing.assert_allclose(strong.resting, 2 * usual.resting)
    np.testing.assert_array_equal(strong.rest, usual.rest)
    np.testing.assert_array_equal(strong.skin, usual.skin)


def test_without_individuality_all_muscles_are_alike():
    first, second = draw_person(0, 1, 0.0, 1.0), draw_person(0, 2, 0.0, 1.0)
    np.testing.assert_array_equal(first.expressiveness, np.ones_like(first.expressiveness))
    np.testing.assert_array_equal(first.expressiveness, second.expressiveness)
    assert not first.asymmetry.any() and not first.resting.any()
    assert np.abs(first.rest - second.rest).max() > 0.01


def test_a_change_of_expressiveness_scales_all_units_but_closed_eyes():
    usual, less = draw_identity(0, 3), draw_person(0, 3, 1.0, 0.7)
    others = np.arange(len(usual.expressiveness)) != CLOSED
    np.testing.assert_allclose(less.expressiveness[others], 0.7 * usual.expressiveness[others])
    assert less.expressiveness[CLOSED] == 1
    np.testing.assert_array_equal(less.resting, usual.resting)


def test_the_usual_person_is_the_identity_itself():
    assert draw_person(0, 3, 1.0, 1.0) is draw_identity(0, 3)
