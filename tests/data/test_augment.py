import numpy as np
import pytest

from affect_jax.data.augment import LUMA, AugmentConfig, color_map, draw_jitter, erased_box


def test_both_mirrors_occur_among_six_draws():
    assert {draw_jitter(np.random.default_rng(seed), AugmentConfig()).flip for seed in range(6)} == {True, False}


def test_draws_are_uniform_within_their_fields():
    config = AugmentConfig()
    rng = np.random.default_rng(0)
    draws = [draw_jitter(rng, config) for _ in range(4000)]
    for values, middle, half in [
        ([draw.rotation_degrees for draw in draws], 0, 13.5),
        ([draw.scale for draw in draws], 1, 0.25),
        ([draw.shift_x for draw in draws], 0, 0.05),
        ([draw.shift_y for draw in draws], 0, 0.05),
    ]:
        assert np.abs(np.array(values) - middle).max() <= half
        np.testing.assert_allclose(np.std(values), half / np.sqrt(3), rtol=0.05)  # of a uniform draw
    np.testing.assert_allclose(np.mean([draw.flip for draw in draws]), 0.5, atol=0.03)


def test_color_map_does_what_its_parts_say():
    rgb = np.array([0.2, 0.5, 0.9])
    ones = np.ones(3)
    apply = lambda matrix: matrix[:, :3] @ rgb + matrix[:, 3]
    np.testing.assert_allclose(apply(color_map(0.0, 1.0, 1.0, ones)), rgb, atol=1e-12)
    np.testing.assert_allclose(apply(color_map(0.1, 1.0, 1.0, ones)), rgb + 0.1)
    np.testing.assert_allclose(apply(color_map(0.0, 0.5, 1.0, ones)), 0.5 + (rgb - 0.5) / 2)
    np.testing.assert_allclose(apply(color_map(0.0, 1.0, 0.0, ones)), np.full(3, LUMA @ rgb))
    np.testing.assert_allclose(apply(color_map(0.0, 1.0, 1.0, np.array([1.1, 1, 1]))), rgb * [1.1, 1, 1])


def test_erased_rectangles_stay_inside_and_keep_area_and_aspect():
    boxes = np.array([erased_box(draws) for draws in np.random.default_rng(0).uniform(size=(3000, 4))])
    top, left, height, width = boxes.T
    assert (boxes >= 0).all() and (top + height <= 1 + 1e-12).all() and (left + width <= 1 + 1e-12).all()
    whole = (height < 1) & (width < 1)
    assert (height * width)[whole].min() >= 0.02 - 1e-9 and (height * width)[whole].max() <= 0.33 + 1e-9
    np.testing.assert_allclose(np.median(np.log(height / width)), 0, atol=0.1)
    rate = np.mean([
        draw_jitter(np.random.default_rng(seed), AugmentConfig(erase_probability=0.3)).erased is not None
        for seed in range(1000)
    ])  # fmt: skip
    np.testing.assert_allclose(rate, 0.3, atol=0.05)


@pytest.mark.parametrize(("field", "value"), [("erase_probability", 1.5), ("mixup_alpha", -1.0)])
def test_impossible_options_are_rejected(field, value):
    with pytest.raises(ValueError, match=rf"augment\.{field} is {value}"):
        AugmentConfig(**{field: value})
