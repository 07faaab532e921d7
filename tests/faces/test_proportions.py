"""Proportions of a face: the same for a face that is larger, moved or turned, and by hand."""

import numpy as np
import pytest

from affect_jax.faces.proportions import DISTANCES, PROPORTIONS, SPREAD, difference, proportions_of


@pytest.fixture
def mesh():
    return np.random.default_rng(0).normal(0, 50, (478, 3)).astype(np.float32)


def rotation(seed):
    orthogonal, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return orthogonal * np.sign(np.linalg.det(orthogonal))


@pytest.mark.parametrize("seed", range(5))
def test_size_place_and_pose_do_not_matter(mesh, seed):
    moved = (mesh @ rotation(seed).T * 0.3 + [500, 20, -7]).astype(np.float32)
    np.testing.assert_allclose(proportions_of(moved), proportions_of(mesh), atol=2e-5)


def test_they_are_logarithms_of_distances_less_their_mean(mesh):
    logs = [
        np.log(np.sqrt(sum((float(a) - float(b)) ** 2 for a, b in zip(mesh[i], mesh[j], strict=True))))
        for i, j in DISTANCES
    ]
    expected = [each - sum(logs) / len(logs) for each in logs]
    np.testing.assert_allclose(proportions_of(mesh), expected, atol=1e-6)
    assert proportions_of(mesh).shape == (PROPORTIONS,) == SPREAD.shape


def test_a_mesh_without_extent_is_finite():
    np.testing.assert_array_equal(proportions_of(np.zeros((478, 3), np.float32)), 0)


def test_the_difference_is_counted_in_spreads(mesh):
    first = proportions_of(mesh)
    assert difference(first, first) == 0
    assert difference(first, first + 2 * SPREAD.astype(np.float32)) == pytest.approx(2, abs=1e-5)
    only_one = first + np.eye(9, dtype=np.float32)[3] * np.float32(SPREAD[3])
    assert difference(first, only_one) == pytest.approx(1 / 3, abs=1e-5)
