import numpy as np
import pytest

from affect_jax.metrics.attention import face_region, share_inside


def square(low, high):
    """68 landmarks whose hull is the square from `low` to `high`."""
    corners = np.array([(low, low), (high, low), (high, high), (low, high)], np.float32)
    inner = np.full((64, 2), (low + high) / 2, np.float32)
    return np.concatenate([inner, corners])


def test_the_region_is_the_hull_in_the_pixels_of_the_map():
    # 32 px in a map of 8: map pixel i is at 4 i + 1.5, so the square from 9 to 22 contains pixels 2 to 5
    region = face_region(square(9, 22), 32, 8, enlarged=1.0)
    expected = np.zeros((8, 8), bool)
    expected[2:6, 2:6] = True
    np.testing.assert_array_equal(region, expected)
    wider = face_region(square(9, 22), 32, 8, enlarged=1.4)  # 6.4 to 24.6: pixels at 5.5 and 25.5 stay outside
    np.testing.assert_array_equal(wider, expected)
    wider = face_region(square(9, 22), 32, 8, enlarged=1.6)  # 5.1 to 25.9
    expected[1:7, 1:7] = True
    np.testing.assert_array_equal(wider, expected)


def test_a_rotated_hull_is_not_a_box_and_may_extend_past_the_crop():
    diamond = np.concatenate([np.full((64, 2), 16, np.float32), np.float32([(16, -8), (40, 16), (16, 40), (-8, 16)])])
    region = face_region(diamond, 32, 32, enlarged=1.0)
    across, down = np.meshgrid(np.arange(32), np.arange(32))
    np.testing.assert_array_equal(region, abs(across - 16) + abs(down - 16) <= 24)
    assert not region[0, 0] and region[0, 16] and region[31, 16]


def test_the_share_counts_positive_mass_only():
    region = np.zeros((4, 4), bool)
    region[1:3, 1:3] = True
    mask = np.zeros((4, 4), np.float32)
    mask[1, 1], mask[2, 2], mask[0, 0] = 2, 1, 1
    assert share_inside(mask, region) == pytest.approx(3 / 4)
    mask[3, 3], mask[1, 2] = -5, -5  # raw heatmaps go below zero
    assert share_inside(mask, region) == pytest.approx(3 / 4)
    assert np.isnan(share_inside(np.full((4, 4), -1.0, np.float32), region))


def test_heatmaps_of_the_true_landmarks_lie_on_the_face_and_an_even_mask_covers_its_area():
    import jax.numpy as jnp

    from affect_jax.ops.heatmap import render_heatmaps

    rng = np.random.default_rng(0)
    landmarks = (32 + 10 * rng.normal(size=(68, 2))).clip(12, 52).astype(np.float32)
    region = face_region(landmarks, 64, 32)
    mask = np.asarray(render_heatmaps(jnp.asarray(landmarks), 64, 32, 0.5).sum(-1))
    assert share_inside(mask, region) > 0.95
    away = np.roll(mask, 16, axis=1)  # half the map away
    assert share_inside(away, region) < 0.2
    assert share_inside(np.ones((32, 32), np.float32), region) == pytest.approx(region.mean())
